import Docker from 'dockerode';
import { readRecipes } from '../../images/recipe.ts';
import { unusedImages } from '../../images/unused.ts';
import { WorkspaceWaste } from '../adapters/workspace/waste.ts';
import type { AgentPorts } from '../agent/ports.ts';
import type { Config } from '../config.ts';
import type { GarbageOptions, GarbageReport, GarbageSource } from '../domain/garbage.ts';
import type { Ports } from '../domain/ports.ts';
import { GRACE_MS } from '../gc/age.ts';
import { collectGarbage } from '../gc/collect.ts';
import { unorderedSandboxes } from '../gc/sandboxes.ts';
import { unknownSnapshots } from '../gc/snapshots.ts';
import type { Identity } from './instance.ts';

interface GarbageParts {
  readonly config: Config;
  readonly identity: Identity;
  readonly ports: Ports;
  readonly node: Pick<AgentPorts, 'engine' | 'workspaces' | 'snapshots' | 'defaults'>;
}

/** What this server can find that nobody needs any more. */
export function garbageOf(parts: GarbageParts): (options: GarbageOptions) => Promise<GarbageReport> {
  const sources = sourcesOf(parts);
  return (options) => collectGarbage(sources, options, parts.ports.log);
}

function sourcesOf({ config, identity, ports, node }: GarbageParts): GarbageSource[] {
  const { store, clock } = ports;
  const { engine, workspaces, snapshots, defaults } = node;
  const waste = new WorkspaceWaste(config.dataDir, clock);
  const docker = new Docker({ socketPath: config.dockerSocket, host: undefined, protocol: 'http' });
  const needed = async () => new Set((await waste.withoutLayer()).map(({ imageDigest }) => imageDigest));
  return [
    waste.unusedLayers(() => engine.imageDigest(defaults.image)),
    unusedImages({ docker, recipes: () => readRecipes(config.agents), needed, graceMs: GRACE_MS, clock }),
    waste.trash(),
    unknownSnapshots(snapshots, store.snapshots, clock),
    unorderedSandboxes({ engine, workspaces, rows: store.sandboxes, nodeId: identity.nodeId }),
  ];
}
