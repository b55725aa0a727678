import type * as v from 'valibot';
import { deliverConfig, noteUnreadable, openItem } from './config-delivery.ts';
import { type ConfigItem, type ConfigPatch, configContext, type NewConfigItem } from './config-item.ts';
import { CONFIG_ROOM, requireDeliverable, requireRoom } from './config-limits.ts';
import { invalid, isCode, notFound, SandboxdError } from './errors.ts';
import type { Ports } from './ports.ts';
import { recorded } from './record.ts';
import { requireApp } from './require.ts';
import type { Change } from './store.ts';
import { UnreadableSecret } from './vault.ts';

/** What its owner may see of an item. */
export interface ConfigView {
  readonly item: ConfigItem;
  /** Absent for a sensitive one, and for one that cannot be read. */
  readonly value?: string;
  /** Whether the value is known not to open. */
  readonly isUnreadable: boolean;
}

/** By key. One that cannot be read is no failure of the list. @throws not_found */
export async function listConfig(ports: Ports, owner: string, appId: string): Promise<ConfigView[]> {
  const app = await requireApp(ports, owner, appId);
  const items = await ports.store.config.list(owner, app.id);
  return Promise.all(items.map((item) => viewOf(ports, item)));
}

/** A sensitive value is opened only to see whether one that could not be read still cannot: a key may have come back. */
async function viewOf(ports: Ports, item: ConfigItem): Promise<ConfigView> {
  if (item.sensitive && item.unreadableSince === undefined) return { item, isUnreadable: false };
  const value = await openItem(ports, item);
  if (value === undefined) return { item, isUnreadable: true };
  return { item, isUnreadable: false, ...(!item.sensitive && { value }) };
}

/** @throws not_found, conflict for a key there is already, invalid_request beyond what an app may have */
export async function createConfig(
  ports: Ports,
  owner: string,
  appId: string,
  input: v.InferOutput<typeof NewConfigItem>,
): Promise<ConfigView> {
  const { id } = await requireApp(ports, owner, appId);
  const { key, sensitive, access_policy: accessPolicy } = input;
  const sealed = await ports.vault.seal(input.value, configContext({ appId: id, key, sensitive }));
  const now = ports.clock();
  const item = { owner, appId: id, key, sensitive, accessPolicy, sealed, createdAt: now, updatedAt: now };
  requireDeliverable(item);
  requireRoom(await ports.store.config.list(owner, id), item);
  await insert(ports, item);
  await deliverConfig(ports, owner, id);
  return viewOf(ports, item);
}

async function insert(ports: Ports, item: ConfigItem): Promise<void> {
  const { key, sensitive, accessPolicy } = item;
  try {
    await ports.store.commit(
      { kind: 'config.insert', item, room: CONFIG_ROOM },
      happened(ports, 'config.created', item, { sensitive, access_policy: accessPolicy }),
    );
  } catch (cause) {
    if (!isCode(cause, 'conflict')) throw cause;
    // Others were there first: with this key, or with what there was room for.
    requireRoom(await ports.store.config.list(item.owner, item.appId), item);
    const remedy = 'Change it with PATCH, or choose another key.';
    throw new SandboxdError('conflict', `key: the app has "${key}" already. ${remedy}`, { cause });
  }
}

/** How often a change is made anew because somebody else's came first. */
const ATTEMPTS = 5;

/**
 * Changes what the patch names. Without a value the one there is stays, to the byte, unless its sensitivity changes: then it
 * is sealed anew as what it is now.
 * @throws not_found, invalid_request when nothing is changed and beyond what an app may have, unavailable for a value that
 * would have to be read and cannot be, conflict when others go on changing the same item
 */
export async function updateConfig(
  ports: Ports,
  owner: string,
  appId: string,
  key: string,
  patch: v.InferOutput<typeof ConfigPatch>,
): Promise<ConfigView> {
  const fields = Object.keys(patch).join(',');
  if (fields === '') throw invalid('The body changes nothing: give value, sensitive or access_policy.');
  const { id } = await requireApp(ports, owner, appId);
  for (let attempt = 1; ; attempt += 1) {
    const was = await requireItem(ports, owner, id, key);
    const item = await patched(ports, was, patch);
    requireDeliverable(item);
    if (patch.value !== undefined) requireRoom(await ports.store.config.list(owner, id), item);
    if (await replace(ports, was, item, fields)) {
      await deliverConfig(ports, owner, id);
      return viewOf(ports, item);
    }
    if (attempt === ATTEMPTS) throw contended(key);
  }
}

/** Answers whether it was still as it was. */
async function replace(ports: Ports, was: ConfigItem, item: ConfigItem, fields: string): Promise<boolean> {
  try {
    await ports.store.commit(
      { kind: 'config.update', item, was, room: CONFIG_ROOM },
      happened(ports, 'config.updated', item, { fields }),
    );
    return true;
  } catch (error) {
    if (isCode(error, 'conflict')) return false;
    throw error;
  }
}

const contended = (key: string) =>
  new SandboxdError('conflict', `Others are changing "${key}" at the same time. Look at it, and try again.`);

async function patched(
  ports: Ports,
  was: ConfigItem,
  { value, sensitive = was.sensitive, access_policy = was.accessPolicy }: v.InferOutput<typeof ConfigPatch>,
): Promise<ConfigItem> {
  const item: ConfigItem = {
    ...was,
    sensitive,
    accessPolicy: access_policy,
    // Later than before in any case: by it others see that this came in between.
    updatedAt: Math.max(ports.clock(), was.updatedAt + 1),
  };
  if (value === undefined && sensitive === was.sensitive) return item;
  const { unreadableSince: _, ...readable } = item;
  const secret = value ?? (await requireValue(ports, was));
  return { ...readable, sealed: await ports.vault.seal(secret, configContext(item)) };
}

async function requireValue(ports: Ports, item: ConfigItem): Promise<string> {
  try {
    return await ports.vault.open(item.sealed, configContext(item));
  } catch (error) {
    if (error instanceof UnreadableSecret) await noteUnreadable(ports, item, error);
    throw error;
  }
}

/** @throws not_found */
export async function deleteConfig(ports: Ports, owner: string, appId: string, key: string): Promise<void> {
  const { id } = await requireApp(ports, owner, appId);
  const item = await requireItem(ports, owner, id, key);
  await ports.store.commit(
    { kind: 'config.delete', owner, appId: id, key },
    happened(ports, 'config.deleted', item, {}),
  );
  await deliverConfig(ports, owner, id);
}

async function requireItem(ports: Ports, owner: string, appId: string, key: string): Promise<ConfigItem> {
  const item = await ports.store.config.find(owner, appId, key);
  if (item === undefined) throw notFound('config key');
  return item;
}

/** It names keys and what changed of them; never a value. */
function happened(
  ports: Ports,
  type: 'config.created' | 'config.updated' | 'config.deleted',
  { owner, appId, key }: ConfigItem,
  facts: Record<string, string | boolean>,
): Change {
  const [, done = ''] = type.split('.');
  return recorded(ports, type, {
    owner,
    appId,
    message: `Config "${key}" was ${done}.`,
    payload: { key, ...facts },
  });
}
