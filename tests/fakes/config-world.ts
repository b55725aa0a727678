import { createApp } from '../../src/domain/app-commands.ts';
import { hashSecret } from '../../src/domain/auth.ts';
import type { ConfigItem } from '../../src/domain/config-item.ts';
import type { Event } from '../../src/domain/event.ts';
import { answerSync } from '../../src/domain/node-sync.ts';
import type { Sandbox } from '../../src/domain/sandbox.ts';
import { createAppSandbox } from '../../src/domain/sandbox-commands.ts';
import { type ApiWorld, apiWorld } from './api-world.ts';
import { FAKE_NODE_ID } from './fake-node.ts';
import { OWNER, STRANGER } from './rows.ts';

/** What nobody may see who is not meant to. */
export const SECRET_VALUE = 'test-value-not-real';

const TOKENS: Readonly<Record<string, string>> = {
  [OWNER]: 'fake-token-of-alice',
  [STRANGER]: 'fake-token-of-mallory',
};

export interface ConfigAnswer {
  readonly status: number;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A world with an app of {@link OWNER}'s to configure. */
export interface ConfigWorld extends ApiWorld {
  readonly app: ApiWorld['app'];
  readonly appId: string;
  request(method: string, path: string, body?: unknown, as?: string): Promise<ConfigAnswer>;
  /** Creates an item that is delivered everywhere, unless told otherwise. */
  put(key: string, item?: object): Promise<ConfigAnswer>;
  /** The row of an item. */
  row(key: string): Promise<ConfigItem>;
  /** Puts something in its place, past all rules: what somebody does who can write into the database. */
  forge(key: string, fields: Partial<ConfigItem>): Promise<void>;
  newSandbox(): Promise<Sandbox>;
  /** What was recorded of config, the oldest first. */
  events(): Promise<Event[]>;
  /** One turn of the node's loop. */
  exchange(): Promise<void>;
}

export async function configWorld(): Promise<ConfigWorld> {
  const configuredTokens = new Map(
    await Promise.all(
      Object.entries(TOKENS).map(async ([owner, token]) => [await hashSecret(token), owner] as const),
    ),
  );
  const world = apiWorld({ configuredTokens });
  const { ports, node } = world;
  const { id: appId } = await createApp(ports, OWNER, { name: 'Todo list', description: '', tags: [] });

  async function request(method: string, path: string, body?: unknown, as = OWNER): Promise<ConfigAnswer> {
    const answer = await world.app.request(path, {
      method,
      headers: { authorization: `Bearer ${TOKENS[as]}` },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      text,
      body: text === '' ? {} : (JSON.parse(text) as ConfigAnswer['body']),
    };
  }

  async function row(key: string): Promise<ConfigItem> {
    const item = await ports.store.config.find(OWNER, appId, key);
    if (item === undefined) throw new Error(`There is no "${key}".`);
    return item;
  }

  return {
    ...world,
    appId,
    request,
    row,
    put: (key, item) =>
      request('POST', `/v1/apps/${appId}/config`, {
        key,
        value: SECRET_VALUE,
        access_policy: 'both',
        ...item,
      }),
    async forge(key, fields) {
      const was = await row(key);
      await ports.store.commit({ kind: 'config.update', item: { ...was, ...fields }, was });
    },
    newSandbox: () => createAppSandbox(ports, OWNER, appId, {}),
    async events() {
      const events = await ports.store.events.list(OWNER, { appId, limit: 200 });
      return events.filter(({ type }) => type.startsWith('config.')).toReversed();
    },
    exchange: async () => node.heed(await answerSync(ports, FAKE_NODE_ID, node.hears())),
  };
}
