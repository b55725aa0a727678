import { readFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { secretBox } from '../../src/adapters/crypto/secret-box.ts';
import { hashSecret } from '../../src/domain/auth.ts';
import { SandboxdError } from '../../src/domain/errors.ts';
import { claimKey, releaseKey } from '../../src/domain/idempotency-commands.ts';
import type { Change, Store } from '../../src/domain/store.ts';
import { MAX_PROMPT_LENGTH } from '../../src/domain/task.ts';
import { type ApiWorld, apiWorld } from '../fakes/api-world.ts';
import { makeRemains, startWorld } from '../harness/world.ts';

const TOKENS = { acme: 'fake-token-of-acme', rival: 'fake-token-of-rival' };
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const configuredTokens = new Map(
  await Promise.all(
    Object.entries(TOKENS).map(async ([owner, token]) => [await hashSecret(token), owner] as const),
  ),
);

let world: ApiWorld;
beforeEach(() => {
  world = apiWorld({ configuredTokens });
});

interface Sent {
  key?: string;
  body?: unknown;
  as?: keyof typeof TOKENS;
  path?: string;
  signal?: AbortSignal;
}

interface Answer {
  status: number;
  replayed: string | null;
  type: string | null;
  text: string;
  id: string;
}

/** Sends a create. */
async function send({
  key,
  body = { name: 'Shop' },
  as = 'acme',
  path = '/v1/apps',
  signal,
}: Sent): Promise<Answer> {
  const answer = await world.app.request(path, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${TOKENS[as]}`,
      ...(key !== undefined && { 'idempotency-key': key }),
    },
    body: JSON.stringify(body),
    signal,
  });
  const text = await answer.text();
  const { headers, status } = answer;
  const { id } = JSON.parse(text || '{}') as { id: string };
  return {
    status,
    replayed: headers.get('idempotency-replayed'),
    type: headers.get('content-type'),
    text,
    id,
  };
}

/** What comes of work that waits, as time passes. */
async function overTime<T>(work: Promise<T>): Promise<T> {
  const over = new AbortController();
  const end = () => over.abort();
  onTestFinished(end);
  const done = work.finally(end);
  while (!over.signal.aborted) {
    await setImmediate();
    if (world.time.pauses.length > 0) world.advance(100);
  }
  return done;
}

const appsOf = (owner: string) => world.ports.store.apps.list(owner, { limit: 100 });

/** Lets some changes fail, as they do where the process dies before them. */
function without(store: Store, ...kinds: Change['kind'][]): Store {
  const commit: Store['commit'] = async (...changes) => {
    if (changes.some(({ kind }) => kinds.includes(kind)))
      throw new SandboxdError('unavailable', 'The process is gone.');
    return store.commit(...changes);
  };
  return { ...store, commit };
}

describe('a create with a key', () => {
  it('is carried out once, however many come at once, and all get one answer', async () => {
    const answers = await overTime(Promise.all(Array.from({ length: 20 }, () => send({ key: 'one' }))));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    expect(answers.filter(({ replayed }) => replayed === 'true')).toHaveLength(19);
    expect(await appsOf('acme')).toMatchObject([{ id: answers[0]?.id }]);
    const events = await world.ports.store.events.list('acme', { limit: 10 });
    expect(events.map(({ type }) => type)).toEqual(['app.created']);
  });

  it('gets the very same answer again, also after what it made was changed', async () => {
    const first = await send({ key: 'one' });
    const rename = {
      kind: 'app.update',
      owner: 'acme',
      id: first.id,
      set: { name: 'Other' },
      at: 0,
    } as const;
    await world.ports.store.commit(rename);
    expect(await send({ key: 'one' })).toEqual({ ...first, replayed: 'true' });
    expect(first).toMatchObject({ status: 201, replayed: null, type: 'application/json' });
  });

  it.each([
    ['body', { body: { name: 'Other' } }],
    ['query', { path: '/v1/apps?x=1' }],
    ['path', { path: '/v1/sandboxes', body: { project: { id: 'p', user_id: 'u' } } }],
  ])('conflicts with another request by it: another %s', async (_, other) => {
    await send({ key: 'one' });
    const answer = await send({ key: 'one', ...other });
    expect(answer.status).toBe(409);
    expect(answer.text).toContain('stands for another request');
    expect(await appsOf('acme')).toHaveLength(1);
  });

  it("has nothing to do with another owner's key of that name, nor with another key", async () => {
    const ids = [
      (await send({ key: 'one' })).id,
      (await send({ key: 'one', as: 'rival' })).id,
      (await send({ key: 'two' })).id,
      (await send({})).id,
    ];
    expect(new Set(ids).size).toBe(4);
    expect(await appsOf('acme')).toHaveLength(3);
    expect(await appsOf('rival')).toHaveLength(1);
  });

  it('may be mended and sent again when it failed', async () => {
    expect(await send({ key: 'one', body: { name: '' } })).toMatchObject({ status: 400, replayed: null });
    expect(await send({ key: 'one' })).toMatchObject({ status: 201, replayed: null });
  });

  it('waits for the first one, and is told when that takes too long', async () => {
    const { id } = await send({});
    const path = `/v1/apps/${id}/sandbox`;
    const held = Promise.withResolvers<void>();
    world.node.hold = held.promise;
    const first = send({ key: 'slow', path, body: {} });
    await expect.poll(() => world.node.orders).toHaveLength(1);
    const late = await overTime(send({ key: 'slow', path, body: {} }));
    expect(late).toMatchObject({ status: 409 });
    expect(late.text).toContain('still under way');
    const second = send({ key: 'slow', path, body: {} });
    await expect.poll(() => world.time.pauses).not.toEqual([]);
    held.resolve();
    const made = await first;
    expect(made.status).toBe(201);
    expect(await overTime(second)).toEqual({ ...made, replayed: 'true' });
    expect(world.node.orders).toHaveLength(1);
  });

  it('that has waited is kept by the key that seals when its turn comes: the one before may be forgotten', async () => {
    const [before = '', current = ''] = [5, 6].map((byte) => Buffer.alloc(32, byte).toString('base64'));
    const vault = secretBox({ current: before, previous: [] });
    const ports = { ...world.ports, vault };
    const asked = { owner: 'acme', key: 'one', fingerprint: 'the same' };
    const { signal } = new AbortController();
    expect(await claimKey(ports, asked, signal)).toBeUndefined();
    const second = claimKey(ports, asked, signal);
    await expect.poll(() => world.time.pauses).toEqual([100]);
    vault.use({ current, previous: [before] });
    await releaseKey(ports, asked);
    expect(await overTime(second)).toBeUndefined();
    const row = await ports.store.idempotency.find('acme', 'one', 0);
    expect(await vault.isCurrent(row?.sealedRequest ?? '')).toBe(true);
  });

  it('waits no longer than its sender does', async () => {
    const { id } = await send({});
    const slow = { key: 'slow', path: `/v1/apps/${id}/sandbox`, body: {} };
    const held = Promise.withResolvers<void>();
    onTestFinished(() => held.resolve());
    world.node.hold = held.promise;
    const first = send(slow);
    await expect.poll(() => world.node.orders).toHaveLength(1);
    const leaving = new AbortController();
    const second = send({ ...slow, signal: leaving.signal });
    await expect.poll(() => world.time.pauses).toEqual([100]);
    leaving.abort();
    expect((await second).status).toBe(409);
    held.resolve();
    expect((await first).status).toBe(201);
  });

  it('is another one a day later', async () => {
    const first = await send({ key: 'one' });
    world.advance(DAY - 1);
    expect((await send({ key: 'one' })).id).toBe(first.id);
    world.advance(1);
    expect(await send({ key: 'one' })).toMatchObject({ status: 201, replayed: null });
    expect(await appsOf('acme')).toHaveLength(2);
  });

  it.each([
    ['nothing', ''],
    ['256 characters', 'x'.repeat(256)],
    ['what is not ASCII', 'ké'],
  ])('is refused with %s for a key', async (_, key) => {
    const answer = await send({ key });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('Idempotency-Key: give 1–255 printable ASCII characters');
    expect(await appsOf('acme')).toEqual([]);
  });

  it('is refused when its body is too large, before it is read to the end', async () => {
    const answer = await send({ key: 'one', body: { name: 'x'.repeat(2 ** 20) } });
    expect(answer.status).toBe(413);
    expect(await world.ports.store.idempotency.find('acme', 'one', 0)).toBeUndefined();
  });

  it('may come with the longest prompt there can be, every character of it escaped', async () => {
    const { id } = await send({});
    const { id: sandbox } = await send({ path: `/v1/apps/${id}/sandbox`, body: {} });
    const prompt = '\u0001'.repeat(MAX_PROMPT_LENGTH);
    const body = { prompt, agent: 'none-of-that-name' };
    const [bare, keyed] = [{}, { key: 'one' }].map((key) =>
      send({ ...key, path: `/v1/sandboxes/${sandbox}/tasks`, body }),
    );
    expect((await keyed)?.text).toBe((await bare)?.text);
    expect((await keyed)?.status).toBe(400);
  });

  it('leaves nothing in the database that can be read', async () => {
    const { id } = await send({ key: 'one', body: { name: 'Secret plan' } });
    const row = await world.ports.store.idempotency.find('acme', 'one', 0);
    expect(row?.sealedAnswer).toBeDefined();
    const kept = JSON.stringify(row);
    for (const plain of ['Secret plan', id, btoa('Secret plan'), 'POST', '/v1/apps'])
      expect(kept).not.toContain(plain);
  });

  it('gives the token of an API key once more, and keeps it sealed', async () => {
    const asked = { key: 'one', path: '/v1/api-keys', body: { name: 'CI' } };
    const first = await send(asked);
    const { token } = JSON.parse(first.text) as { token: string };
    expect(token).toMatch(/^sbx_/);
    expect((await send(asked)).text).toBe(first.text);
    const row = JSON.stringify(await world.ports.store.idempotency.find('acme', 'one', 0));
    for (const plain of [token, btoa(token), token.slice(4, 20)]) expect(row).not.toContain(plain);
    expect(await world.ports.store.identity.tokens('acme')).toHaveLength(1);
  });

  it("does not open as another owner's", async () => {
    await send({ key: 'one' });
    const row = await world.ports.store.idempotency.find('acme', 'one', 0);
    expect.assert(row !== undefined);
    const request = { ...row, owner: 'rival' };
    await world.ports.store.commit({ kind: 'idempotency.claim', request, since: 0 });
    expect(await send({ key: 'one', as: 'rival' })).toMatchObject({ status: 503 });
  });
});

describe('a create that was cut off before it was answered', () => {
  it('is not done a second time: its repetition says what to do, until the key is free again', async () => {
    const { ports } = world;
    const { store } = ports;
    Object.assign(ports, { store: without(store, 'idempotency.answer', 'idempotency.release') });
    expect((await send({ key: 'one' })).status).toBe(201);
    expect(world.logged.filter(({ level }) => level === 'error')).toHaveLength(1);
    Object.assign(ports, { store });
    expect((await overTime(send({ key: 'one' }))).text).toContain('still under way');
    world.advance(10 * MINUTE);
    const answer = await send({ key: 'one' });
    expect(answer.status).toBe(409);
    expect(answer.text).toContain('Look whether what it was to make is there');
    expect(await appsOf('acme')).toHaveLength(1);
    world.advance(DAY);
    expect((await send({ key: 'one' })).status).toBe(201);
  });

  it('fails as it failed when the key cannot be released', async () => {
    const { ports } = world;
    Object.assign(ports, { store: without(ports.store, 'idempotency.release') });
    expect((await send({ key: 'one', body: { name: '' } })).status).toBe(400);
  });
});

it('a create with a key gets its answer again from a server that was started anew', async () => {
  await using remains = await makeRemains();
  const create = async () => {
    await using server = await startWorld(remains);
    const headers = { 'idempotency-key': 'one' };
    const answer = await server.request('POST', '/v1/apps', { body: { name: 'Shop' }, headers });
    return [answer.status, await answer.text(), answer.headers.get('idempotency-replayed')];
  };
  const [status, text] = await create();
  expect(await create()).toEqual([status, text, 'true']);
});

describe('the OpenAPI document', async () => {
  interface Operation {
    parameters?: { name: string; in: string }[];
    responses: Record<string, unknown>;
  }
  const { paths } = parse(await readFile(new URL('../../docs/openapi.yaml', import.meta.url), 'utf8')) as {
    paths: Record<string, { post?: Operation }>;
  };
  const posts = Object.entries(paths).flatMap(([path, { post }]) =>
    post === undefined
      ? []
      : {
          path,
          creates: '201' in post.responses || '202' in post.responses,
          takesKey: (post.parameters ?? []).some(({ name }) => name === 'Idempotency-Key'),
        },
  );

  it('has a key for everything that creates', () => {
    expect(posts.filter(({ creates, takesKey }) => creates && !takesKey)).toEqual([]);
    expect(posts.filter(({ takesKey }) => takesKey).length).toBeGreaterThan(7);
  });

  it.each(posts)('and POST $path does as it says there: $takesKey', async ({ path, takesKey }) => {
    const real = path.replaceAll(/\{\w+\}/g, '01JNEVERWAS000000000000000');
    const { text } = await send({ key: 'ké', path: real, body: {} });
    expect(text.includes('Idempotency-Key')).toBe(takesKey);
  });
});
