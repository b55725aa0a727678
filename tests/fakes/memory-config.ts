import type { ConfigItem } from '../../src/domain/config-item.ts';
import { type ConfigRoom, lackOfRoom } from '../../src/domain/config-limits.ts';
import { notFound, SandboxdError } from '../../src/domain/errors.ts';
import type { LifecycleSettings } from '../../src/domain/settings.ts';
import type { Change, ConfigReads, CredentialReads, SettingsReads } from '../../src/domain/store.ts';
import { given } from './memory-rows.ts';
import { type Appliers, insertNew, keyOf, type State } from './memory-state.ts';

/** The items of a store in memory. */
export const memoryConfig = (state: () => State): ConfigReads => ({
  list: async (owner, appId) =>
    [...state().config.values()]
      .filter((item) => item.owner === owner && item.appId === appId)
      .toSorted((a, b) => (a.key < b.key ? -1 : 1)),
  find: async (owner, appId, key) => ownItem(state(), { owner, appId, key }),
  revision: async (appId) => revisionOf(state(), appId),
  revisionsOn: async (nodeId) => {
    const { sandboxes, gone } = state();
    return [...sandboxes.values()].flatMap(({ id, owner, appId, ...row }) => {
      const revision = appId === undefined ? 0 : revisionOf(state(), appId);
      const isMeant = row.nodeId === nodeId && !gone.has(id) && revision > 0;
      return appId !== undefined && isMeant ? [{ sandboxId: id, owner, appId, revision }] : [];
    });
  },
});

export const memorySettings = (state: () => State): SettingsReads => ({
  lifecycle: async () => Object.fromEntries(state().lifecycle) as Partial<LifecycleSettings>,
});

export const memoryCredentials = (state: () => State): CredentialReads => ({
  find: async (owner, provider) => state().credentials.get(keyOf(owner, provider)),
  list: async (owner) =>
    [...state().credentials.values()]
      .filter((credential) => credential.owner === owner)
      .map(({ provider, updatedAt }) => ({ provider, updatedAt }))
      .toSorted((a, b) => (a.provider < b.provider ? -1 : 1)),
});

type Place = Pick<ConfigItem, 'owner' | 'appId' | 'key'>;

function ownItem({ config }: State, { owner, appId, key }: Place): ConfigItem | undefined {
  const item = config.get(keyOf(appId, key));
  return item?.owner === owner ? item : undefined;
}

const revisionOf = ({ configRevisions }: State, appId: string): number => configRevisions.get(appId) ?? 0;

const count = (state: State, appId: string): void => {
  state.configRevisions.set(appId, revisionOf(state, appId) + 1);
};

function requireRoom({ config }: State, item: ConfigItem, room: ConfigRoom | undefined): void {
  const others = [...config.values()].filter(({ appId }) => appId === item.appId);
  if (room !== undefined && lackOfRoom(others, item, room) !== undefined)
    throw new SandboxdError('conflict', 'There is no room for it.');
}

type Kind = Extract<Change['kind'], `config.${string}` | `settings.${string}` | `credential.${string}`>;

export const configChanges: Appliers<Kind> = {
  'config.insert': (state, { item, room }) => {
    if (state.apps.get(item.appId)?.owner !== item.owner) throw notFound('app');
    requireRoom(state, item, room);
    insertNew(state.config, keyOf(item.appId, item.key), item);
    count(state, item.appId);
  },
  'config.update': (state, { item, was, room }) => {
    const row = ownItem(state, item);
    if (row === undefined) return;
    requireRoom(state, item, room);
    if (row.sealed !== was.sealed || row.updatedAt !== was.updatedAt)
      throw new SandboxdError('conflict', 'It was changed meanwhile.');
    const { sensitive, accessPolicy, sealed, updatedAt } = item;
    const unreadableSince = sealed === was.sealed ? row.unreadableSince : undefined;
    const set = { sensitive, accessPolicy, sealed, updatedAt, unreadableSince };
    state.config.set(keyOf(item.appId, item.key), { ...row, ...set });
    count(state, item.appId);
  },
  'config.delete': (state, place) => {
    if (ownItem(state, place) === undefined) return;
    state.config.delete(keyOf(place.appId, place.key));
    count(state, place.appId);
  },
  'config.unreadable': (state, { at, sealed, ...place }) => {
    const row = ownItem(state, place);
    if (row?.sealed !== sealed) return;
    const unreadableSince = row.unreadableSince ?? at;
    state.config.set(keyOf(place.appId, place.key), { ...row, unreadableSince });
  },
  'settings.lifecycle': ({ lifecycle }, { set }) => {
    for (const [name, value] of Object.entries(given(set)))
      lifecycle.set(name as keyof LifecycleSettings, value);
  },
  'credential.put': ({ credentials }, { credential }) => {
    credentials.set(keyOf(credential.owner, credential.provider), credential);
  },
  'credential.delete': ({ credentials }, { owner, provider }) => {
    credentials.delete(keyOf(owner, provider));
  },
};
