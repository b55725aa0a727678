import { accessSync, constants, existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { arch, platform, totalmem } from 'node:os';
import { dirname } from 'node:path';
import Docker from 'dockerode';
import type { Config } from '../../config.ts';
import { findProgram } from '../../host/find-program.ts';
import { canInstallPackages } from '../../host/packages.ts';
import { waitFor } from '../../host/wait-for.ts';
import { readBucket } from './bucket.ts';
import type { EngineFacts, MachineFacts } from './facts.ts';

const ENGINE_DEADLINE_MS = 5000;
const PORT_PATIENCE_MS = 1000;

/** Looks at this machine; changes nothing. @param running whether our own server is up, and so holds the port */
export async function gatherFacts(config: Config, running: boolean): Promise<MachineFacts> {
  const existing = nearestExisting(config.dataDir);
  const [engine, bucket, portState, disk] = await Promise.all([
    readEngine(config.dockerSocket),
    readBucket(config),
    running ? ('ours' as const) : probePort(config.listen),
    statfs(existing),
  ]);
  return {
    platform: platform(),
    arch: arch(),
    isRoot: process.getuid?.() === 0,
    mayUseEngine: existsSync(config.dockerSocket) ? isWritable(config.dockerSocket) : undefined,
    memoryBytes: totalmem(),
    freeDiskBytes: disk.bavail * disk.bsize,
    dataDir: config.dataDir,
    dataDirWritable: isWritable(existing),
    listen: config.listen,
    portState,
    hasIptables: findProgram('iptables') !== undefined,
    engine,
    bucket,
    canInstall: canInstallPackages(),
    unknownNames: config.unknownNames,
  };
}

/** The directory itself, or the one it will be made in. */
function nearestExisting(path: string): string {
  return existsSync(path) || path === dirname(path) ? path : nearestExisting(dirname(path));
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    // The reason is the answer.
    return false;
  }
}

async function readEngine(socketPath: string): Promise<EngineFacts | undefined> {
  const docker = new Docker({ socketPath, timeout: ENGINE_DEADLINE_MS });
  try {
    const [{ Version, ApiVersion }, { Driver }] = (await Promise.all([docker.version(), docker.info()])) as [
      { Version: string; ApiVersion: string },
      { Driver: string },
    ];
    return { version: Version, apiVersion: ApiVersion, storageDriver: Driver };
  } catch {
    // Whatever the reason, it does not answer: the finding says so.
    return undefined;
  }
}

/** A server that was killed a moment ago still holds its port for that moment. */
async function probePort(listen: Config['listen']): Promise<MachineFacts['portState']> {
  const settled = async () => {
    const state = await tryPort(listen);
    return state === 'taken' ? undefined : state;
  };
  return (
    (await waitFor(settled, { deadlineMs: PORT_PATIENCE_MS, signal: new AbortController().signal })) ??
    'taken'
  );
}

/** Whether a server could listen there, found out by doing so. */
function tryPort({ host, port }: Config['listen']): Promise<MachineFacts['portState']> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code === 'EADDRINUSE' ? 'taken' : 'forbidden'),
    );
    server.listen(port, host, () => server.close(() => resolve('free')));
  });
}
