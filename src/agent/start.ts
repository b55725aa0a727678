import { SandboxdError } from '../domain/errors.ts';
import { join } from 'node:path';
import type { NodePolicy } from '../domain/node.ts';
import { TEMPLATES } from '../domain/preset.ts';
import type { Traffic } from '../domain/routing.ts';
import { NodeAgent, type NodeAgentParts } from './agent.ts';
import { ConfigKeeper } from './config/keeper.ts';
import type { ConfigRecord } from './config/record.ts';
import { watchEngine } from './engine-watch.ts';
import { IdleLoop } from './idle-loop.ts';
import { watchNetwork } from './network-watch.ts';
import { Orphans } from './orphans.ts';
import { Outbox } from './outbox.ts';
import type { AgentPorts } from './ports.ts';
import { Records } from './records.ts';
import { recover } from './recovery.ts';
import type { CaptureRecord } from './snapshots/record.ts';
import { keepSpareNetworks } from './spare-networks.ts';
import { SyncLoop, type SyncOptions } from './sync-loop.ts';
import type { TaskRecord } from './tasks/record.ts';

/** How long a shutdown waits for what its tasks came to; what is not told by then is told by the next start. */
const SETTLE_MS = 15_000;

export interface AgentOptions {
  /** The node's own state: records, outbox. */
  readonly directory: string;
  readonly exchange: SyncOptions['exchange'];
  /** In force until the API says otherwise. */
  readonly policy: NodePolicy;
}

/** A node agent. Disposing of it ends its loops; sandboxes stay as they are. */
export interface RunningAgent extends AsyncDisposable {
  readonly agent: NodeAgent;
  /** Starts the loops: from here on it talks to the API. */
  readonly begin: () => void;
  readonly onWake: (sandboxId: string) => void;
  readonly onTraffic: (traffic: readonly Traffic[]) => void;
  /** One exchange with the API, now. @throws when it cannot be reached */
  syncNow(): Promise<void>;
  /** Looks for idle sandboxes now. */
  sleepIdle(): Promise<void>;
  /** Puts every sandbox to sleep and takes the network away, for a shutdown of the whole node. */
  stopAll(): Promise<void>;
}

/** Recovers what an earlier run left. `begin` then starts the loops. */
export async function startAgent(ports: AgentPorts, options: AgentOptions): Promise<RunningAgent> {
  await requireRuntime(ports);
  await ports.engine.tidy();
  await ports.engine.ensureNetwork();
  await ports.workspaces.open();
  await openStore(ports);
  const imageDigest = await ports.engine.imageDigest(ports.defaults.image);
  const kept = await openKept(ports, options.directory);
  const { records, outbox } = kept;
  const onPolicy = (policy: NodePolicy) => {
    idle.policy = policy;
  };
  const changed = () => sync.notify();
  const agent = new NodeAgent({ ports, ...kept, changed, onPolicy });
  const idle = new IdleLoop(agent, records, ports.clock, options.policy);
  const orphans = new Orphans(ports, records, (id) => agent.putAway(id));
  const sync = new SyncLoop(agent, outbox, ports.log, {
    exchange: options.exchange,
    onPolicy,
    onOrders: (ordered) => orphans.sweep(ordered),
  });
  await recover(agent, records, ports);
  await agent.keeper.resume();
  await agent.snapshots.resume();

  const end = new AbortController();
  const shutdown = new AbortController();
  let loops: Promise<unknown> = Promise.resolve();
  return {
    agent,
    begin: () => {
      // These would undo a shutdown while it is under way.
      const upkeep = AbortSignal.any([end.signal, shutdown.signal]);
      loops = Promise.all([
        sync.run(end.signal),
        idle.run(upkeep, (error) => ports.log.error('an idle sandbox could not be put to sleep', error)),
        watchEngine(agent, records, ports, end.signal),
        watchNetwork(ports, upkeep),
        keepSpareNetworks(ports, upkeep),
        warmTemplates(ports, imageDigest, upkeep),
      ]);
    },
    onWake: (id) => void agent.wake(id),
    onTraffic: (traffic) => agent.noteTraffic(traffic),
    syncNow: () => sync.once(),
    sleepIdle: () => idle.once(),
    stopAll: async () => {
      shutdown.abort();
      await agent.giveUp();
      await agent.sleepAll();
      await agent.keeper.settled(AbortSignal.timeout(SETTLE_MS));
      await sync.once();
      await ports.engine.removeNetwork();
    },
    [Symbol.asyncDispose]: async () => {
      end.abort();
      // A restart finishes them, and the loops wait for what they do.
      await agent.giveUp();
      await loops;
      await agent.leave();
    },
  };
}

/** What this node remembers over its own restarts. */
async function openKept(
  ports: AgentPorts,
  directory: string,
): Promise<Pick<NodeAgentParts, 'records' | 'outbox' | 'tasks' | 'captures' | 'configs'>> {
  const records = await Records.open(join(directory, 'sandboxes'));
  const outbox = await Outbox.open(join(directory, 'outbox'));
  const tasks = await Records.open<TaskRecord>(join(directory, 'tasks'));
  const captures = await Records.open<CaptureRecord>(join(directory, 'captures'));
  const configs = new ConfigKeeper(ports, await Records.open<ConfigRecord>(join(directory, 'configs')));
  await configs.forgetOthers(new Set(records.all().map(({ id }) => id)));
  return { records, outbox, tasks, captures, configs };
}

/** Lays out prepared dependencies before a sandbox needs them: seconds once per image, nothing after that. */
async function warmTemplates(
  { workspaces, log }: AgentPorts,
  imageDigest: string,
  signal: AbortSignal,
): Promise<void> {
  for (const template of TEMPLATES) {
    if (signal.aborted) return;
    try {
      await workspaces.warm({ imageDigest, template }, signal);
    } catch (error) {
      // The first sandbox that needs it tries again, and says why when it cannot be done.
      if (!signal.aborted) log.error('prepared dependencies could not be laid out', error, { template });
    }
  }
}

/** Without a store there are no snapshots, and everything else goes on. */
async function openStore({ snapshots, log }: AgentPorts): Promise<void> {
  try {
    await snapshots.open();
  } catch (error) {
    log.error('the snapshot store could not be opened: there are no snapshots until it can', error);
  }
}

/** A runtime the engine does not know would fail every start: said once, before anything is served. */
async function requireRuntime({ engine, defaults: { runtime } }: AgentPorts): Promise<void> {
  if (runtime === undefined) return;
  const { runtimes } = await engine.info();
  if (runtimes.includes(runtime)) return;
  throw new SandboxdError(
    'unavailable',
    `The container engine does not know the runtime "${runtime}" (SANDBOXD_RUNTIME). It knows ${runtimes.join(', ')}.`,
  );
}
