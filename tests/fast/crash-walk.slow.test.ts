import { AsyncLocalStorage } from 'node:async_hooks';
import { cp } from 'node:fs/promises';
import { describe, expect, it, vi } from 'vitest';
import { SandboxdError } from '../../src/domain/errors.ts';
import { makeRemains, type Remains, startWorld, type World } from '../harness/world.ts';

type Durable = typeof import('../../src/host/durable.ts');

/** Disk writes of an agent pass through the tripwire of the directory they go to. */
const disk = vi.hoisted(() => {
  const wires = new Map<string, { pass(write: () => Promise<void>): Promise<void> }>();
  const pass = (path: string, write: () => Promise<void>): Promise<void> => {
    for (const [directory, wire] of wires) if (path.startsWith(`${directory}/`)) return wire.pass(write);
    return write();
  };
  return { wires, pass };
});

vi.mock('../../src/host/durable.ts', async (original) => {
  const real = await original<Durable>();
  return {
    ...real,
    writeDurably: (path: string, content: string) => disk.pass(path, () => real.writeDurably(path, content)),
    removeDurably: (path: string) => disk.pass(path, () => real.removeDurably(path)),
  } satisfies Durable;
});

/** Ends the waiting for the call that something is done within. */
const within = new AsyncLocalStorage<() => void>();

/**
 * Kills the server at every point where it touches the world: before, and after, each call of the store, the engine,
 * the workspaces, the snapshot store, and each write to its own disk. From there on that server never comes back; another one starts on
 * what it left.
 */
class Tripwire {
  calls = 0;
  readonly at: number;
  readonly when: 'before' | 'after';
  readonly #dead = Promise.withResolvers<void>();
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(at: number, when: 'before' | 'after') {
    this.at = at;
    this.when = when;
  }

  get dead(): Promise<void> {
    return this.#dead.promise;
  }

  wrap = <Port extends object>(_: string, port: Port): Port =>
    new Proxy(port, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value === 'object' && value !== null && !(value instanceof Promise))
          return this.wrap('', value);
        if (typeof value !== 'function' || key === 'events' || key === 'files') {
          return typeof value === 'function' ? value.bind(target) : value;
        }
        return (...args: unknown[]) => this.pass(() => Reflect.apply(value, target, args) as unknown);
      },
    });

  /** Whether the step was over before the wire was reached. */
  survived = false;
  #armed = false;
  #ended = false;

  arm(): void {
    this.#armed = true;
  }

  /** From here on the server is dead, wherever it was. */
  end(): void {
    this.survived = this.calls < this.at;
    this.#ended = true;
  }

  /** What was under way when the server died, and could not be called back. */
  async quiet(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  }

  async pass<T>(call: () => T | Promise<T>): Promise<T> {
    if (this.#ended) return this.#die();
    if (!this.#armed) return this.#track(call);
    this.calls += 1;
    const mine = this.calls;
    if (mine > this.at || (mine === this.at && this.when === 'before')) return this.#die();
    const result = await this.#track(call);
    return mine === this.at ? this.#die() : result;
  }

  async #track<T>(call: () => T | Promise<T>): Promise<T> {
    const lost = Promise.withResolvers<void>();
    const running = within.run(lost.resolve, async () => call());
    const over = Promise.race([running, lost.promise]);
    const drop = () => void this.#underWay.delete(over);
    this.#underWay.add(over);
    void over.then(drop, drop);
    return running;
  }

  /** A killed process neither returns nor throws, and neither does what waits for it. */
  #die(): Promise<never> {
    this.#dead.resolve();
    within.getStore()?.();
    return new Promise<never>(() => undefined);
  }
}

interface Step {
  readonly name: string;
  /** What was there before; its result goes to `act`. */
  readonly prepare: (world: World, remains: Remains) => Promise<string>;
  /** The request during which the server dies. */
  readonly act: (world: World, app: string) => Promise<Response>;
  /** Whether it is refused when nobody dies. */
  readonly isRefused?: true;
  /** Whether the app is up afterwards, as it was before. */
  readonly isUp?: true;
  /** What the page of the app, which was `later` before, may be afterwards. */
  readonly page?: readonly string[];
}

const createApp = async (world: World): Promise<string> =>
  ((await (await world.request('POST', '/v1/apps', { body: { name: 'Walker' } })).json()) as { id: string })
    .id;

const createBoth = async (world: World): Promise<string> => {
  const app = await createApp(world);
  await world.request('POST', `/v1/apps/${app}/sandbox`);
  return app;
};

const current = async (world: World, app: string): Promise<string | undefined> =>
  ((await (await world.request('GET', `/v1/apps/${app}`)).json()) as { current_sandbox_id?: string })
    .current_sandbox_id;

const onSandbox = (method: string, suffix: string) => async (world: World, app: string) =>
  world.request(method, `/v1/sandboxes/${await current(world, app)}${suffix}`);

const json = async <T>(response: Promise<Response>): Promise<T> => (await (await response).json()) as T;

const write = async (world: World, app: string, content: string): Promise<void> =>
  void (await world.request('PUT', `/v1/sandboxes/${await current(world, app)}/files`, {
    body: { path: 'page.txt', content },
  }));

const createWithPage = async (world: World): Promise<string> => {
  const app = await createBoth(world);
  await write(world, app, 'later');
  return app;
};

const stopped = async (world: World): Promise<string> => {
  const app = await createWithPage(world);
  await onSandbox('POST', '/stop')(world, app);
  return app;
};

/** An app of which there is a snapshot, with the page of before. */
const captured = async (world: World): Promise<string> => {
  const app = await createBoth(world);
  await write(world, app, 'before');
  await capture(true)(world, app);
  await write(world, app, 'later');
  return app;
};

/** One that cannot be restored. */
const damaged = async (world: World, remains: Remains): Promise<string> => {
  const app = await captured(world);
  remains.workspaces.onUnpack = () => {
    throw new SandboxdError('invalid_request', 'The archive is damaged.');
  };
  return app;
};

const newest = async (world: World, app: string): Promise<string | undefined> => {
  const list = world.request('GET', `/v1/apps/${app}/snapshots`);
  return (await json<{ snapshots: { id: string }[] }>(list)).snapshots[0]?.id;
};

const capture = (live: boolean) => async (world: World, app: string) => {
  const source_sandbox_id = await current(world, app);
  return world.request('POST', '/v1/snapshots', { body: { source_sandbox_id, name: 'As it was', live } });
};

const fromNewest = (verb: 'restore' | 'fork') => async (world: World, app: string) =>
  world.request('POST', `/v1/apps/${app}/${verb}`, { body: { snapshot_id: await newest(world, app) } });

const deleteNewest = async (world: World, app: string) =>
  world.request('DELETE', `/v1/snapshots/${await newest(world, app)}`);

const STEPS: readonly Step[] = [
  {
    name: 'a create',
    prepare: createApp,
    act: (world, app) => world.request('POST', `/v1/apps/${app}/sandbox`),
  },
  { name: 'a capture', prepare: stopped, act: capture(false), page: ['later'] },
  { name: 'a live capture', prepare: createWithPage, act: capture(true), isUp: true, page: ['later'] },
  {
    name: 'a restore',
    prepare: captured,
    act: fromNewest('restore'),
    isUp: true,
    page: ['later', 'before'],
  },
  {
    name: 'a restore that fails',
    prepare: damaged,
    act: fromNewest('restore'),
    isRefused: true,
    isUp: true,
    page: ['later'],
  },
  { name: 'a fork', prepare: captured, act: fromNewest('fork'), isUp: true, page: ['later'] },
  { name: 'a deletion of a snapshot', prepare: captured, act: deleteNewest, isUp: true, page: ['later'] },
  { name: 'a stop', prepare: createBoth, act: onSandbox('POST', '/stop') },
  {
    name: 'a start',
    prepare: async (world) => {
      const app = await createBoth(world);
      await onSandbox('POST', '/stop')(world, app);
      return app;
    },
    act: onSandbox('POST', '/start'),
  },
  { name: 'a deletion', prepare: createBoth, act: onSandbox('DELETE', '') },
  {
    name: 'a deletion of the app',
    prepare: createBoth,
    act: (world, app) => world.request('DELETE', `/v1/apps/${app}`),
  },
];

/** Everything agrees: rows, containers, workspaces, archives, events. */
async function expectSettled(
  world: World,
  remains: Remains,
  { isUp, page }: Step,
  app: string,
): Promise<void> {
  await expect
    .poll(async () => {
      const node = await remains.store.sandboxes.ofNode('01JTESTN0DE000000000000000');
      return node.filter(
        ({ status, desired, replaces }) =>
          status === 'creating' || desired === 'absent' || replaces !== undefined,
      ).length;
    })
    .toBe(0);
  const rows = await remains.store.sandboxes.ofNode('01JTESTN0DE000000000000000');
  const ids = new Set(rows.map((row) => row.id));
  const strays = (await remains.engine.list()).filter(({ sandboxId }) => !ids.has(sandboxId));
  expect(strays).toEqual([]);
  expect((await remains.workspaces.list()).filter((id) => !ids.has(id))).toEqual([]);
  expect(remains.workspaces.trash).toEqual([]);
  expect((await remains.engine.list()).filter(({ state }) => state === 'paused')).toEqual([]);
  for (const row of rows) {
    const state = (await remains.engine.inspect(row.id)).state === 'running' ? 'running' : 'stopped';
    await expect.poll(async () => (await remains.store.sandboxes.find('acme', row.id))?.status).toBe(state);
  }
  await expectWhole(remains);
  if (isUp) expect((await remains.engine.inspect((await current(world, app)) ?? '')).state).toBe('running');
  await expectUsable(world, remains, app);
  if (page !== undefined) await expectPages(world, remains, app, page);
}

/** Every snapshot has come to its end, each that is ready has its archive, and there is no other archive. */
async function expectWhole({ store, snapshots }: Remains): Promise<void> {
  const listed = () => store.snapshots.list('acme', { limit: 100 });
  await expect.poll(async () => (await listed()).filter(({ status }) => status === 'capturing')).toEqual([]);
  const ready = (await listed()).filter(({ status }) => status === 'ready').map(({ id }) => id);
  await expect.poll(async () => (await snapshots.list()).toSorted()).toEqual(ready.toSorted());
}

/** The app, and its fork if there is one, have their files. */
async function expectPages(
  world: World,
  remains: Remains,
  app: string,
  pages: readonly string[],
): Promise<void> {
  const apps = await remains.store.apps.list('acme', { limit: 100 });
  for (const { id } of apps) {
    const sandbox = (await current(world, id)) ?? '';
    const page = world.request('GET', `/v1/sandboxes/${sandbox}/files/content?path=page.txt`);
    expect(id === app ? pages : ['before']).toContain(await (await page).text());
  }
}

async function expectUsable(world: World, remains: Remains, app: string): Promise<void> {
  if ((await world.request('GET', `/v1/apps/${app}`)).status === 404) return;
  let sandbox = await current(world, app);
  if (sandbox === undefined) {
    expect((await world.request('POST', `/v1/apps/${app}/sandbox`)).status).toBe(201);
    sandbox = await current(world, app);
  }
  expect((await world.request('POST', `/v1/sandboxes/${sandbox}/start`)).status).toBe(200);
  expect((await remains.engine.inspect(sandbox ?? '')).state).toBe('running');
  const events = await remains.store.events.list('acme', { appId: app, limit: 100 });
  const once = events.filter(({ type }) => type === 'sandbox.create.started' || type === 'sandbox.deleted');
  const kinds = once.map(({ type, sandboxId }) => `${type} ${sandboxId}`);
  expect(new Set(kinds).size).toBe(kinds.length);
}

/** Lets a server die, and answers what is left of it: a copy, since the dead may hold on to the original. */
async function die({ prepare, act, isRefused }: Step, tripwire: Tripwire, remains: Remains) {
  disk.wires.set(remains.directory, tripwire);
  const doomed = await startWorld(remains, { wrap: tripwire.wrap });
  const app = await prepare(doomed, remains);
  tripwire.arm();
  const answer = await Promise.race([act(doomed, app), tripwire.dead]);
  tripwire.end();
  if (tripwire.survived) expect(answer?.ok).toBe(isRefused === undefined);
  // Its loops are told to end and not waited for: calls of the dead never return.
  void doomed[Symbol.asyncDispose]();
  await tripwire.quiet();
  const directory = `${remains.directory}-copy`;
  await cp(remains.directory, directory, { recursive: true });
  return { app, left: { ...remains, directory } };
}

/** Whether the wire was reached before the step was over. */
async function walk(step: Step, at: number, when: Tripwire['when']): Promise<boolean> {
  await using remains = await makeRemains();
  const tripwire = new Tripwire(at, when);
  const { app, left } = await die(step, tripwire, remains);
  await using next = await startWorld(left);
  await expectSettled(next, left, step, app);
  return !tripwire.survived;
}

/** Deaths at a time: each is mostly waiting for the disk. */
const WIDTH = 12;

describe('a server that is killed', () => {
  for (const step of STEPS) {
    it(`at any step of ${step.name} leaves what the next one finishes`, async () => {
      let walked = 0;
      for (let from = 1; ; from += WIDTH) {
        const points = Array.from({ length: WIDTH }, (_, offset) => from + offset);
        const died = await Promise.all(
          points.flatMap((at) => [walk(step, at, 'before'), walk(step, at, 'after')]),
        );
        walked += died.filter(Boolean).length;
        if (died.includes(false)) break;
      }
      expect(walked).toBeGreaterThan(8);
    }, 300_000);
  }
});
