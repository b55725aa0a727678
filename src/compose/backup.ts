import { copyFileStore } from '../adapters/libsql/file.ts';
import type { NodeAgent } from '../agent/agent.ts';
import type { BackupDatabase, BackupSources } from '../backup/sources.ts';
import { writeBackup } from '../backup/writer.ts';
import type { Config } from '../config.ts';
import type { Ports } from '../domain/ports.ts';
import type { SnapshotStore } from '../domain/snapshot-store.ts';
import type { AdminActions } from '../routes/admin/index.ts';
import { nodeDirectory } from './agent.ts';
import type { Identity } from './instance.ts';
import { isFileStore } from './store.ts';

interface BackupParts {
  readonly config: Config;
  readonly identity: Identity;
  readonly ports: Ports;
  readonly agent: NodeAgent;
  readonly snapshots: SnapshotStore;
}

/** Backups of this server. */
export function backupOf({ config, identity, ports, agent, snapshots }: BackupParts): AdminActions['backup'] {
  return backupFrom({
    dataDir: config.dataDir,
    nodeDirectory: nodeDirectory(config),
    version: ports.instance.version,
    instanceId: identity.instanceId,
    nodeId: identity.nodeId,
    secretsKey: config.secretsKey === undefined ? 'kept' : 'configured',
    database: databaseOf(config),
    node: agent,
    snapshots,
    clock: ports.clock,
    log: ports.log,
  });
}

export const backupFrom =
  (sources: BackupSources): AdminActions['backup'] =>
  (keys, signal) =>
    streamOf(writeBackup(sources, { keys, signal }));

const databaseOf = ({ database: { url } }: Config): BackupDatabase =>
  isFileStore(url) ? { kind: 'file', copy: (into) => copyFileStore(url, into) } : { kind: 'remote' };

/** At the reader's pace, and let go of when that leaves. */
const streamOf = (bytes: AsyncGenerator<Uint8Array, void>): ReadableStream<Uint8Array> =>
  new ReadableStream({
    async pull(controller) {
      const next = await bytes.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    cancel: async () => void (await bytes.return()),
  });
