import {
  type ConfigItem,
  MAX_CONFIG_BYTES,
  MAX_CONFIG_ITEMS,
  reachesAgent,
  reachesRuntime,
} from './config-item.ts';
import { invalid } from './errors.ts';

type Kept = Pick<ConfigItem, 'key' | 'sealed'>;

/**
 * An app may have so many items, and so many bytes of keys and values: of a value by what the vault made of it, which need not
 * be opened for that, and takes a little more.
 */
export interface ConfigRoom {
  readonly items: number;
  readonly bytes: number;
}

/** The store holds to it as well: of many who come at once, each sees room for itself. */
export const CONFIG_ROOM: ConfigRoom = { items: MAX_CONFIG_ITEMS, bytes: MAX_CONFIG_BYTES };

/**
 * What an app has no room for; undefined when there is room.
 * @param items those there are, maybe one by the same key, whose place this one takes
 */
export function lackOfRoom(
  items: readonly Kept[],
  item: Kept,
  room: ConfigRoom,
): keyof ConfigRoom | undefined {
  const all = [...items.filter(({ key }) => key !== item.key), item];
  if (all.length > room.items) return 'items';
  return all.reduce((sum, kept) => sum + sizeOf(kept), 0) > room.bytes ? 'bytes' : undefined;
}

/** @throws invalid_request */
export function requireRoom(items: readonly Kept[], item: Kept): void {
  const lack = lackOfRoom(items, item, CONFIG_ROOM);
  if (lack !== undefined) throw invalid(REFUSALS[lack]);
}

const REFUSALS: Readonly<Record<keyof ConfigRoom, string>> = {
  items: `key: an app has at most ${MAX_CONFIG_ITEMS} config items. Delete one first.`,
  bytes: `value: the config of an app takes at most ${MAX_CONFIG_BYTES / 1024} KiB altogether. Shorten or delete some of it.`,
};

const sizeOf = ({ key, sealed }: Kept): number =>
  new TextEncoder().encode(key).length + Math.ceil((sealed.length * 3) / 4);

/** Names that whoever reads objects of JSON leaves out, since they mean something else to JavaScript. */
const NEVER_READ: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** A program's environment ends a name at the first "=". @throws invalid_request */
export function requireDeliverable({ key, accessPolicy }: Pick<ConfigItem, 'key' | 'accessPolicy'>): void {
  if (!reachesRuntime(accessPolicy) && !reachesAgent(accessPolicy)) return;
  const what = key.includes('=') ? 'a name with "="' : NEVER_READ.has(key) ? `the name "${key}"` : undefined;
  if (what === undefined) return;
  throw invalid(
    `key: ${what} cannot be delivered to programs. Choose another key, or access_policy control_plane_only.`,
  );
}
