import { beforeEach, describe, expect, it, vi } from 'vitest';
import { MAX_CONFIG_ITEMS } from '../../src/domain/config-item.ts';
import { type ConfigWorld, configWorld, SECRET_VALUE } from '../fakes/config-world.ts';
import { STRANGER } from '../fakes/rows.ts';

let world: ConfigWorld;
let path: string;
beforeEach(async () => {
  world = await configWorld();
  path = `/v1/apps/${world.appId}/config`;
});

const SECRET = { key: 'API_KEY', value: SECRET_VALUE };
const at = (key: string) => `${path}/${encodeURIComponent(key)}`;

/** So many who come at once are each told what there is before any of them adds to it. */
function letAllSeeTheSame(readers: number): void {
  const { store } = world.ports;
  const all = Promise.withResolvers<void>();
  let seen = 0;
  const list: typeof store.config.list = async (owner, appId) => {
    const items = await store.config.list(owner, appId);
    seen += 1;
    if (seen === readers) all.resolve();
    await all.promise;
    return items;
  };
  Object.assign(world.ports, { store: { ...store, config: { ...store.config, list } } });
}

interface Row {
  readonly name: string;
  /** Items there are before. */
  readonly given?: readonly object[];
  readonly request: readonly [method: string, key: string | undefined, body?: unknown];
  readonly as?: string;
  readonly status: number;
  readonly contains?: readonly string[];
  readonly containsNot?: readonly string[];
  /** Recorded by the request. */
  readonly events?: readonly object[];
}

const TABLE: readonly Row[] = [
  {
    name: 'creates a sensitive item, which is for the control plane alone, unless told otherwise',
    request: ['POST', undefined, SECRET],
    status: 201,
    contains: [
      '"key":"API_KEY"',
      '"sensitive":true',
      '"access_policy":"control_plane_only"',
      '"value_set":true',
    ],
    containsNot: [SECRET_VALUE, '"value":'],
    events: [
      {
        type: 'config.created',
        payload: { key: 'API_KEY', sensitive: true, access_policy: 'control_plane_only' },
      },
    ],
  },
  {
    name: 'shows the value of an item that is not sensitive',
    request: ['POST', undefined, { ...SECRET, sensitive: false }],
    status: 201,
    contains: [`"value":"${SECRET_VALUE}"`, '"sensitive":false'],
    events: [{ type: 'config.created' }],
  },
  {
    name: 'takes an empty value',
    request: ['POST', undefined, { key: 'EMPTY', value: '', sensitive: false }],
    status: 201,
    contains: ['"value":""', '"value_set":true'],
    events: [{ type: 'config.created' }],
  },
  {
    name: 'takes a value of 64 KiB to the byte',
    request: ['POST', undefined, { key: 'LONG', value: 'ü'.repeat(32 * 1024) }],
    status: 201,
    events: [{ type: 'config.created' }],
  },
  {
    name: 'refuses one byte more',
    request: ['POST', undefined, { key: 'LONG', value: `${'ü'.repeat(32 * 1024)}x` }],
    status: 400,
    contains: ['value: must be at most 64 KiB'],
  },
  {
    name: 'refuses a body of more than a megabyte before it is read',
    request: ['POST', undefined, { key: 'LONG', value: 'x'.repeat(1024 * 1024) }],
    status: 413,
    contains: ['payload_too_large'],
  },
  {
    name: 'refuses a key there is already',
    given: [SECRET],
    request: ['POST', undefined, { ...SECRET, value: 'another-fake-value' }],
    status: 409,
    contains: ['"code":"conflict"', 'API_KEY', 'PATCH'],
    containsNot: [SECRET_VALUE, 'another-fake-value'],
  },
  ...(
    [
      ['without a value', { key: 'A' }, 'value: is required'],
      ['without a key', { value: 'x' }, 'key: is required'],
      ['with an empty key', { key: '', value: 'x' }, 'key: must not be empty'],
      [
        'with a control character in the key',
        { key: 'A\u0007B', value: 'x' },
        'key: must not contain control',
      ],
      ['with one of the second row', { key: 'A\u0085B', value: 'x' }, 'key: must not contain control'],
      ['with half a character', { key: 'A\ud800', value: 'x' }, 'key: must be well-formed'],
      ['with half a character in the value', { key: 'A', value: '\udc00' }, 'value: must be well-formed'],
      [
        'with a key that a path cannot name',
        { key: '..', value: 'x' },
        'key: must not be \\".\\" or \\"..\\"',
      ],
      ['with too long a key', { key: 'k'.repeat(257), value: 'x' }, 'key: must be at most 256'],
      ['with a NUL in the value', { key: 'A', value: 'a\0b' }, 'value: must not contain a NUL'],
      ['with a value that is no text', { key: 'A', value: 1 }, 'value: must be a string'],
      [
        'with an unknown policy',
        { key: 'A', value: 'x', access_policy: 'everyone' },
        'access_policy: must be one of',
      ],
      [
        'with a sensitivity that is none',
        { key: 'A', value: 'x', sensitive: 'no' },
        'sensitive: must be true or false',
      ],
      ['that names an image', { key: 'A', value: 'x', image: 'evil' }, 'image: cannot be chosen'],
      ['that is no JSON', '{"key"', 'not valid JSON'],
    ] as const
  ).map(([name, body, says]) => ({
    name: `refuses a create ${name}`,
    request: ['POST', undefined, body] as const,
    status: 400,
    contains: ['"code":"invalid_request"', says],
  })),
  ...(['agent_access', 'runtime_access', 'both'] as const).map((access_policy) => ({
    name: `refuses a key that a program's environment cannot hold with ${access_policy}`,
    request: ['POST', undefined, { key: 'A=B', value: 'x', access_policy }] as const,
    status: 400,
    contains: ['key: a name with \\"=\\"', 'control_plane_only'],
  })),
  ...['constructor', 'prototype', '__proto__'].map((key) => ({
    name: `refuses to deliver ${key}, which would not arrive`,
    request: ['POST', undefined, { key, value: 'x', access_policy: 'both' }] as const,
    status: 400,
    contains: [`key: the name \\"${key}\\" cannot be delivered`, 'control_plane_only'],
  })),
  {
    name: 'takes that key for the control plane alone',
    request: ['POST', undefined, { key: 'A=B', value: 'x' }],
    status: 201,
    events: [{ type: 'config.created' }],
  },
  {
    name: 'and does not let it out later',
    given: [{ key: 'A=B', value: 'x' }],
    request: ['PATCH', 'A=B', { access_policy: 'both' }],
    status: 400,
    contains: ['key: a name with'],
  },
  {
    name: 'changes the policy alone',
    given: [SECRET],
    request: ['PATCH', 'API_KEY', { access_policy: 'both' }],
    status: 200,
    contains: ['"access_policy":"both"', '"sensitive":true'],
    containsNot: [SECRET_VALUE],
    events: [{ type: 'config.updated', payload: { key: 'API_KEY', fields: 'access_policy' } }],
  },
  {
    name: 'changes the value of a sensitive item without showing it',
    given: [SECRET],
    request: ['PATCH', 'API_KEY', { value: 'another-fake-value' }],
    status: 200,
    containsNot: [SECRET_VALUE, 'another-fake-value', '"value":'],
    events: [{ type: 'config.updated', payload: { key: 'API_KEY', fields: 'value' } }],
  },
  {
    name: 'shows a value whose sensitivity was taken away',
    given: [SECRET],
    request: ['PATCH', 'API_KEY', { sensitive: false }],
    status: 200,
    contains: ['"sensitive":false', `"value":"${SECRET_VALUE}"`],
    events: [{ type: 'config.updated', payload: { key: 'API_KEY', fields: 'sensitive' } }],
  },
  {
    name: 'hides a value that became sensitive',
    given: [{ ...SECRET, sensitive: false }],
    request: ['PATCH', 'API_KEY', { sensitive: true }],
    status: 200,
    contains: ['"sensitive":true'],
    containsNot: [SECRET_VALUE],
    events: [{ type: 'config.updated' }],
  },
  {
    name: 'refuses a change of nothing',
    given: [SECRET],
    request: ['PATCH', 'API_KEY', {}],
    status: 400,
    contains: ['changes nothing'],
  },
  {
    name: 'refuses a change that is none',
    given: [SECRET],
    request: ['PATCH', 'API_KEY', { access_policy: 'nobody' }],
    status: 400,
    contains: ['access_policy: must be one of'],
  },
  {
    name: 'finds no item by another key',
    given: [SECRET],
    request: ['PATCH', 'api_key', { value: 'x' }],
    status: 404,
    contains: ['not_found'],
  },
  {
    name: 'deletes an item',
    given: [SECRET],
    request: ['DELETE', 'API_KEY'],
    status: 204,
    events: [{ type: 'config.deleted', payload: { key: 'API_KEY' } }],
  },
  { name: 'deletes nothing that is not there', request: ['DELETE', 'API_KEY'], status: 404 },
  ...(
    [
      ['GET', undefined],
      ['POST', undefined, SECRET],
      ['PATCH', 'API_KEY', { sensitive: false }],
      ['DELETE', 'API_KEY'],
    ] as const
  ).map((request) => ({
    name: `answers a stranger's ${request[0]} as if there were nothing`,
    given: [SECRET],
    request,
    as: STRANGER,
    status: 404,
    contains: ['No such app'],
    containsNot: [SECRET_VALUE, 'API_KEY'],
  })),
];

describe('Config over the API', () => {
  it.each(TABLE)('$name', async ({ given = [], request, as, status, contains, containsNot, events = [] }) => {
    for (const item of given) expect((await world.request('POST', path, item)).status).toBe(201);
    const [method, key, body] = request;
    const answer = await world.request(method, key === undefined ? path : at(key), body, as);
    expect([answer.status, answer.text.slice(0, 300)]).toEqual([status, expect.anything()]);
    for (const text of contains ?? []) expect(answer.text).toContain(text);
    for (const text of containsNot ?? []) expect(answer.text).not.toContain(text);
    const recorded = (await world.events()).slice(given.length);
    expect(recorded).toMatchObject(events);
    expect(recorded).toHaveLength(events.length);
    expect(JSON.stringify(recorded)).not.toMatch(/test-value-not-real|another/);
  });

  it('lists items by key, without sensitive values', async () => {
    await world.put('B', { sensitive: false, value: 'shown' });
    await world.put('a/b');
    await world.put('A');
    const { body, text } = await world.request('GET', path);
    const shown = (body['config'] as { key: string }[]).map(({ key }) => key);
    expect(shown).toEqual(['A', 'B', 'a/b']);
    expect(text).toContain('"value":"shown"');
    expect(text).not.toContain(SECRET_VALUE);
  });

  it.each([
    'a/b',
    'ü',
    '%',
    '100%',
    '%2F',
    '%25',
    'a b',
    ' ',
    '?',
    '#',
    '&=+',
    '🚀',
    '\\',
    'a/../b',
    '...',
    '"',
  ])('finds an item by the key %j', async (key) => {
    await world.put(key, { access_policy: 'control_plane_only' });
    const patched = await world.request('PATCH', at(key), { sensitive: false });
    expect(patched.body).toMatchObject({ key, value: SECRET_VALUE });
    expect((await world.request('DELETE', at(key))).status).toBe(204);
    expect((await world.request('GET', path)).body).toEqual({ config: [] });
  });

  it('keeps a value to the byte when it is not given, and seals it anew when its sensitivity changes', async () => {
    await world.put('KEY');
    const { sealed } = await world.row('KEY');
    expect(sealed).not.toContain(SECRET_VALUE);
    await world.request('PATCH', at('KEY'), { access_policy: 'control_plane_only' });
    expect((await world.row('KEY')).sealed).toBe(sealed);
    await world.request('PATCH', at('KEY'), { sensitive: true });
    expect((await world.row('KEY')).sealed).toBe(sealed);
    await world.request('PATCH', at('KEY'), { sensitive: false });
    expect((await world.row('KEY')).sealed).not.toBe(sealed);
    await world.request('PATCH', at('KEY'), { sensitive: true });
    const [, , , again = ''] = (await world.row('KEY')).sealed.split('.');
    expect(sealed).not.toContain(again);
  });

  it('seals what is not sensitive as well', async () => {
    await world.put('KEY', { sensitive: false });
    expect(JSON.stringify(await world.row('KEY'))).not.toContain(SECRET_VALUE);
  });

  it('takes no more items than an app may have', async () => {
    const { ports, appId } = world;
    await world.put('FIRST');
    const row = await world.row('FIRST');
    const others = Array.from({ length: MAX_CONFIG_ITEMS - 1 }, (_, index) => ({
      kind: 'config.insert' as const,
      item: { ...row, appId, key: `K${index}` },
    }));
    await ports.store.commit(...others);
    const refused = await world.put('ONE_MORE');
    expect(refused).toMatchObject({
      status: 400,
      text: expect.stringContaining(`at most ${MAX_CONFIG_ITEMS}`),
    });
    expect((await world.request('PATCH', at('K1'), { value: 'fits' })).status).toBe(200);
  });

  it('takes no more items than an app may have from many who come at once', async () => {
    const { ports, appId } = world;
    await world.put('FIRST');
    const row = await world.row('FIRST');
    const others = Array.from({ length: MAX_CONFIG_ITEMS - 2 }, (_, index) => ({
      kind: 'config.insert' as const,
      item: { ...row, appId, key: `K${index}` },
    }));
    await ports.store.commit(...others);
    letAllSeeTheSame(4);
    const answers = await Promise.all(['A', 'B', 'C', 'D'].map((key) => world.put(key)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.find(({ status }) => status === 400)?.text).toContain(`at most ${MAX_CONFIG_ITEMS}`);
  });

  it('takes no more bytes than an app may have from many who come at once', async () => {
    const value = 'x'.repeat(64 * 1024);
    for (const key of ['1', '2', '3', '4', '5', '6']) await world.put(key, { value });
    for (const key of ['7', '8']) await world.put(key, { value: 'short' });
    letAllSeeTheSame(4);
    const answers = await Promise.all([
      ...['7', '8'].map((key) => world.request('PATCH', at(key), { value })),
      ...['9', '10'].map((key) => world.put(key, { value })),
    ]);
    const refused = answers.filter(({ status }) => status === 400);
    expect(refused).toHaveLength(3);
    for (const { text } of refused) expect(text).toMatch(/value: .*512 KiB/);
  });

  it('takes no more bytes than an app may have', async () => {
    const value = 'x'.repeat(64 * 1024);
    for (const key of ['1', '2', '3', '4', '5', '6', '7'])
      expect((await world.put(key, { value })).status).toBe(201);
    await world.put('8', { value: 'short' });
    for (const refused of [await world.put('9', { value }), await world.request('PATCH', at('8'), { value })])
      expect(refused).toMatchObject({ status: 400, text: expect.stringMatching(/value: .*512 KiB/) });
    expect((await world.request('PATCH', at('7'), { value })).status).toBe(200);
  });

  it('loses no change of several at once, each of something else', async () => {
    await world.put('KEY');
    const answers = await Promise.all([
      world.request('PATCH', at('KEY'), { access_policy: 'agent_access' }),
      world.request('PATCH', at('KEY'), { sensitive: false }),
      world.request('PATCH', at('KEY'), { value: 'another-fake-value' }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const { body } = await world.request('GET', path);
    expect(body).toMatchObject({
      config: [{ access_policy: 'agent_access', sensitive: false, value: 'another-fake-value' }],
    });
    expect(await world.events()).toHaveLength(4);
  });

  it('says when others do not stop changing the same item, and records nothing then', async () => {
    await world.put('KEY');
    const { store } = world.ports;
    const find = store.config.find.bind(store.config);
    vi.spyOn(store.config, 'find').mockImplementation(async (...query) => {
      const was = await find(...query);
      if (was === undefined) return was;
      const item = { ...was, updatedAt: was.updatedAt + 1 };
      await store.commit({ kind: 'config.update', item, was });
      return was;
    });
    expect(await world.request('PATCH', at('KEY'), { access_policy: 'both' })).toMatchObject({
      status: 409,
      body: { error: { code: 'conflict' } },
    });
    expect(await world.events()).toHaveLength(1);
  });
});
