import { describe, expect, it } from 'vitest';
import { makeRemains, type Remains, startWorld, type World } from '../harness/world.ts';

/**
 * Kills the server at every point where it touches the world: before, and after, each call of the store, the engine,
 * the workspaces. From there on that server never comes back; another one starts on what it left.
 */
class Tripwire {
  calls = 0;
  readonly at: number;
  readonly when: 'before' | 'after';
  readonly #dead = Promise.withResolvers<void>();

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
        return (...args: unknown[]) => this.#pass(() => Reflect.apply(value, target, args) as unknown);
      },
    });

  #armed = false;
  arm(): void {
    this.#armed = true;
  }

  async #pass(call: () => unknown): Promise<unknown> {
    if (!this.#armed) return call();
    this.calls += 1;
    const mine = this.calls;
    if (mine > this.at || (mine === this.at && this.when === 'before')) return this.#die();
    const result = await call();
    return mine === this.at ? this.#die() : result;
  }

  /** A killed process neither returns nor throws. */
  #die(): Promise<never> {
    this.#dead.resolve();
    return new Promise<never>(() => undefined);
  }
}

interface Step {
  readonly name: string;
  /** What was there before; its result goes to `act`. */
  readonly prepare: (world: World) => Promise<string>;
  /** The request during which the server dies. */
  readonly act: (world: World, app: string) => Promise<unknown>;
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

const STEPS: readonly Step[] = [
  {
    name: 'a create',
    prepare: createApp,
    act: (world, app) => world.request('POST', `/v1/apps/${app}/sandbox`),
  },
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

/** Everything agrees: rows, containers, workspaces, events. */
async function expectSettled(world: World, remains: Remains, app: string): Promise<void> {
  await expect
    .poll(async () => {
      const node = await remains.store.sandboxes.ofNode('01JTESTN0DE000000000000000');
      return node.filter((sandbox) => sandbox.status === 'creating' || sandbox.desired === 'absent').length;
    })
    .toBe(0);
  const rows = await remains.store.sandboxes.ofNode('01JTESTN0DE000000000000000');
  const ids = rows.map((row) => row.id);
  expect(
    (await remains.engine.list()).map((view) => view.sandboxId).filter((id) => !ids.includes(id)),
  ).toEqual([]);
  expect((await remains.workspaces.list()).filter((id) => !ids.includes(id))).toEqual([]);
  expect(remains.workspaces.trash).toEqual([]);
  for (const row of rows) {
    const isUp = (await remains.engine.inspect(row.id)).state === 'running';
    await expect
      .poll(async () => (await remains.store.sandboxes.find('acme', row.id))?.status)
      .toBe(isUp ? 'running' : 'stopped');
  }
  await expectUsable(world, remains, app);
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

async function die({ prepare, act }: Step, tripwire: Tripwire, remains: Remains): Promise<string> {
  const doomed = await startWorld(remains, { wrap: tripwire.wrap });
  const app = await prepare(doomed);
  tripwire.arm();
  await Promise.race([act(doomed, app), tripwire.dead]);
  // Its loops are told to end and not waited for: calls of the dead never return.
  void doomed[Symbol.asyncDispose]();
  return app;
}

describe('a server that is killed', () => {
  for (const step of STEPS) {
    it(`at any step of ${step.name} leaves what the next one finishes`, async () => {
      let walked = 0;
      for (const when of ['before', 'after'] as const) {
        for (let at = 1; ; at += 1) {
          await using remains = await makeRemains();
          const tripwire = new Tripwire(at, when);
          const app = await die(step, tripwire, remains);
          await using next = await startWorld(remains);
          await expectSettled(next, remains, app);
          if (tripwire.calls < at) break;
          walked += 1;
        }
      }
      expect(walked).toBeGreaterThan(8);
    }, 60_000);
  }
});
