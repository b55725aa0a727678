import { type ConfigItem, configContext, reachesAgent, reachesRuntime } from './config-item.ts';
import { isCode, SandboxdError } from './errors.ts';
import type { Ports } from './ports.ts';
import { recorded } from './record.ts';
import { replacementOf } from './replacements.ts';
import type { Sandbox } from './sandbox.ts';
import { isReadable, type SandboxConfig } from './sandbox-config.ts';
import { UnreadableSecret } from './vault.ts';

/** Of an app, for its sandboxes; undefined for one that never had any. Records, once, what cannot be read. */
export async function configOf(
  ports: Ports,
  { owner, appId }: Pick<Sandbox, 'owner' | 'appId'>,
): Promise<SandboxConfig | undefined> {
  if (appId === undefined) return undefined;
  // Before the items: what changes in between is delivered once more, rather than never.
  const revision = await ports.store.config.revision(appId);
  if (revision === 0) return undefined;
  const items = await ports.store.config.list(owner, appId);
  return delivered(ports, revision, items.filter(reachesSandbox));
}

const reachesSandbox = ({ accessPolicy }: ConfigItem): boolean =>
  reachesRuntime(accessPolicy) || reachesAgent(accessPolicy);

async function delivered(
  ports: Ports,
  revision: number,
  items: readonly ConfigItem[],
): Promise<SandboxConfig> {
  const opened = await Promise.all(
    items.map(async (item) => ({ item, value: await openItem(ports, item) }) as const),
  );
  const unreadable = opened.find(({ value }) => value === undefined);
  if (unreadable !== undefined) return { revision, unreadable: unreadable.item.key };
  const valuesFor = (reaches: typeof reachesRuntime) =>
    Object.fromEntries(
      opened.flatMap(({ item, value }) =>
        value !== undefined && reaches(item.accessPolicy) ? [[item.key, value]] : [],
      ),
    );
  return {
    revision,
    runtime: valuesFor(reachesRuntime),
    agent: valuesFor(reachesAgent),
    sensitive: items.filter(({ sensitive }) => sensitive).map(({ key }) => key),
  };
}

/** The value, or undefined for one that cannot be read, which is recorded the first time. */
export async function openItem(ports: Ports, item: ConfigItem): Promise<string | undefined> {
  try {
    return await ports.vault.open(item.sealed, configContext(item));
  } catch (error) {
    if (!(error instanceof UnreadableSecret)) throw error;
    await noteUnreadable(ports, item, error);
    return undefined;
  }
}

/** The timeline tells once of each value that cannot be read. */
export async function noteUnreadable(
  ports: Ports,
  item: ConfigItem,
  { reason, message }: UnreadableSecret,
): Promise<void> {
  if (item.unreadableSince !== undefined) return;
  const { owner, appId, key } = item;
  await ports.store.commit(
    { kind: 'config.unreadable', owner, appId, key, sealed: item.sealed, at: ports.clock() },
    recorded(ports, 'config.unreadable', {
      owner,
      appId,
      severity: 'error',
      message: `Config "${key}" cannot be read: ${message}`,
      payload: { key, reason },
    }),
  );
}

/** What people are told of an app whose configuration cannot be delivered. */
export const unreadableConfig = (key: string) =>
  new SandboxdError('unavailable', `The app's config "${key}" cannot be read. Set it anew, or delete it.`);

/**
 * Hands a changed configuration to the app's sandbox, and to the one that is to take its place. Whatever goes wrong is no
 * failure of the change: the node is told again with its next sync.
 */
export async function deliverConfig(ports: Ports, owner: string, appId: string): Promise<void> {
  try {
    const sandboxes = await sandboxesOf(ports, owner, appId);
    if (sandboxes.length === 0) return;
    const config = await configOf(ports, { owner, appId });
    if (config === undefined) return;
    await Promise.all(sandboxes.map((sandbox) => configure(ports, sandbox, config)));
  } catch (error) {
    ports.log.error('a configuration is left to the next sync', error, { appId });
  }
}

async function sandboxesOf(ports: Ports, owner: string, appId: string): Promise<Sandbox[]> {
  const id = (await ports.store.apps.find(owner, appId))?.currentSandboxId;
  const current = id === undefined ? undefined : await ports.store.sandboxes.find(owner, id);
  if (current === undefined) return [];
  const replacement = await replacementOf(ports, current);
  return replacement === undefined ? [current] : [current, replacement];
}

async function configure(ports: Ports, { id, nodeId }: Sandbox, config: SandboxConfig): Promise<void> {
  try {
    await ports.nodes.client(nodeId).configure(id, config);
  } catch (error) {
    if (!isCode(error, 'node_unavailable')) throw error;
    ports.log.warn('a configuration waits for its node', { sandboxId: id, nodeId });
  }
}

/**
 * Makes sure that what is started next in a sandbox has its app's configuration.
 * @throws unavailable when a value of it cannot be read, and what the node does
 */
export async function requireDelivered(ports: Ports, sandbox: Sandbox): Promise<void> {
  const config = await configOf(ports, sandbox);
  if (config === undefined) return;
  await ports.nodes.client(sandbox.nodeId).configure(sandbox.id, config);
  if (!isReadable(config)) throw unreadableConfig(config.unreadable);
}

/** A node's sandboxes that have another configuration than the one in force, with that one. */
export async function outdatedConfigs(
  ports: Ports,
  nodeId: string,
  /** What the node has, by sandbox. */
  revisions: ReadonlyMap<string, number | undefined>,
): Promise<{ sandboxId: string; config: SandboxConfig }[]> {
  const inForce = await ports.store.config.revisionsOn(nodeId);
  const outdated = inForce.filter(({ sandboxId, revision }) => revisions.get(sandboxId) !== revision);
  const byApp = [...Map.groupBy(outdated, ({ appId }) => appId).values()];
  const configs = await Promise.all(byApp.map((of) => forSandboxes(ports, of)));
  return configs.flat();
}

type Outdated = Awaited<ReturnType<Ports['store']['config']['revisionsOn']>>;

/** One app's: opened once for all of its sandboxes. */
async function forSandboxes(
  ports: Ports,
  sandboxes: Outdated,
): Promise<{ sandboxId: string; config: SandboxConfig }[]> {
  const [first] = sandboxes;
  const config = first && (await configOf(ports, first));
  return config === undefined ? [] : sandboxes.map(({ sandboxId }) => ({ sandboxId, config }));
}
