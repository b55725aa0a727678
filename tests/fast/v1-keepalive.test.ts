import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeRemains, type Remains, startWorld, type World } from '../harness/world.ts';

const NOON = Date.UTC(2030, 0, 1, 12);
const CAP = 86_400;

let remains: Remains & AsyncDisposable;
let world: World;
let now = NOON;
let untouched = '';

beforeAll(async () => {
  remains = await makeRemains();
  world = await startWorld(remains, {
    clock: () => now,
    instance: { operators: new Set(['acme']) },
  });
  untouched = await newSandbox();
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await remains[Symbol.asyncDispose]();
});

interface Seen {
  id: string;
  status: string;
  keepalive_until?: string;
  awake_because: string[];
}

const seenIn = async (answer: Response) => (await answer.json()) as Seen;
const look = async (id: string) => seenIn(await world.request('GET', `/v1/sandboxes/${id}`));
const keep = (id: string, body: unknown) => world.request('POST', `/v1/sandboxes/${id}/keepalive`, { body });

const allow = (keepalive_max_seconds: number) =>
  world.request('PATCH', '/v1/settings', { body: { lifecycle: { keepalive_max_seconds } } });

let made = 0;
async function newSandbox(): Promise<string> {
  made += 1;
  const body = { project: { id: `keepalive-${made}`, user_id: 'u' } };
  return (await seenIn(await world.request('POST', '/v1/sandboxes', { body }))).id;
}

const at = (seconds: number) => new Date(now + seconds * 1000).toISOString();

describe('a keepalive', () => {
  it.each([
    ['seconds from now', () => ({ seconds: 3600 }), 3600],
    ['unix seconds', () => ({ until: now / 1000 + 60 }), 60],
    ['a time in UTC', () => ({ until: at(120) }), 120],
    ['a time of another zone', () => ({ until: at(7200).replace('.000Z', '-01:00') }), 7200 + 3600],
    ['more than is allowed', () => ({ seconds: 10 * CAP }), CAP],
    ['a moment beyond what is allowed', () => ({ until: '2099-01-01T00:00:00Z' }), CAP],
    ['milliseconds by mistake', () => ({ until: now + 1000 }), CAP],
  ])('is taken as %s', async (_, body, expected) => {
    const id = await newSandbox();
    const answer = await keep(id, body());
    expect(answer.status).toBe(200);
    expect(await seenIn(answer)).toMatchObject({
      id,
      status: 'running',
      keepalive_until: at(expected),
      awake_because: [`a keepalive lasts until ${at(expected)}`],
    });
  });

  it.each([
    [{}, 'until, seconds: give one of them'],
    [{ until: NOON / 1000 + 60, seconds: 60 }, 'until, seconds: give one of them'],
    [{ until: NOON / 1000 }, 'until: is in the past'],
    [{ until: '2029-12-31T23:59:59Z' }, 'until: is in the past'],
    [{ until: 'tomorrow' }, 'until: must be unix seconds, or a time like'],
    [{ until: '2030-01-01' }, 'until: must be unix seconds, or a time like'],
    [{ until: '2030-13-01T00:00:00Z' }, 'until: must be unix seconds, or a time like'],
    [{ until: true }, 'until: must be unix seconds, or a time like'],
    [{ seconds: 0 }, 'seconds: must be at least 1'],
    [{ seconds: 1.5 }, 'seconds: must be a whole number'],
    [{ seconds: '60' }, 'seconds: must be a number'],
  ])('is refused as %j, and changes nothing', async (body, message) => {
    const answer = await keep(untouched, body);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain(message);
    expect(await look(untouched)).not.toHaveProperty('keepalive_until');
  });

  it('holds a sandbox over the idle threshold, and not a moment longer', async () => {
    const id = await newSandbox();
    await keep(id, { seconds: 3600 });
    now += 3599 * 1000;
    await world.running.sleepIdle();
    expect((await look(id)).status).toBe('running');
    now += 1000;
    expect((await look(id)).awake_because).toEqual([]);
    await world.running.sleepIdle();
    expect((await look(id)).status).toBe('stopped');
  });

  it('wakes nothing, and holds what wakes by itself', async () => {
    const id = await newSandbox();
    await world.request('POST', `/v1/sandboxes/${id}/stop`);
    const kept = await seenIn(await keep(id, { seconds: 7200 }));
    expect(kept).toMatchObject({ status: 'stopped', keepalive_until: at(7200), awake_because: [] });
    await world.running.agent.wake(id);
    now += 7199 * 1000;
    await world.running.sleepIdle();
    expect((await look(id)).status).toBe('running');
  });

  it('takes the place of the one before, whichever ends later', async () => {
    const id = await newSandbox();
    await keep(id, { seconds: 3600 });
    expect((await seenIn(await keep(id, { seconds: 60 }))).keepalive_until).toBe(at(60));
  });

  it('is none where the settings allow none, and the answer says what to do', async () => {
    const id = await newSandbox();
    await allow(0);
    const refused = await keep(id, { seconds: 60 });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain('PATCH /v1/settings');
    await allow(90);
    expect((await seenIn(await keep(id, { seconds: 3600 }))).keepalive_until).toBe(at(90));
    await allow(CAP);
  });

  it('is a reason that is seen, as is that a sandbox is always on', async () => {
    const id = await newSandbox();
    await world.request('PATCH', `/v1/sandboxes/${id}`, { body: { idle_policy: 'always_on' } });
    expect((await look(id)).awake_because).toEqual(['it is always on']);
  });
});
