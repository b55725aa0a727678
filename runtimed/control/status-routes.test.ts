import { describe, expect, it } from 'vitest';
import type { RestartScope, RuntimeStatus } from '../../src/domain/runtimed.ts';
import { Changes } from '../changes.ts';
import { PATIENT } from '../testing/patience.ts';
import { collecting, prepareMachine } from '../testing/sandbox.ts';
import { until } from '../testing/until.ts';
import { ControlServer } from './server.ts';
import { statusRoutes } from './status-routes.ts';

/** A control server that tells a status of the test's making. */
async function serve(heartbeat: number) {
  const machine = await prepareMachine();
  const changes = new Changes();
  let status: RuntimeStatus = { phase: 'seeding', preview: { status: 'starting' }, processes: [] };
  let shutdowns = 0;
  const restarts: RestartScope[] = [];
  const source = {
    status: () => status,
    changes,
    heartbeat,
    shutdown: () => void (shutdowns += 1),
    restart: async (scope: RestartScope) => void restarts.push(scope),
  };
  const server = await ControlServer.listen(
    machine.options.controlDirectory,
    statusRoutes(source),
    collecting([]),
  );
  return {
    client: machine.client,
    changes,
    restarts,
    become(phase: RuntimeStatus['phase']) {
      status = { ...status, phase };
      changes.notify();
    },
    get shutdowns() {
      return shutdowns;
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await machine[Symbol.asyncDispose]();
    },
  };
}

const phases = (text: string) =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as RuntimeStatus).phase);

describe('watching', () => {
  it('tells the status at once and after every change of it', async () => {
    await using it = await serve(60_000);
    using watch = await it.client.stream('GET', '/v1/watch');
    await expect.poll(() => phases(watch.text), PATIENT).toEqual(['seeding']);
    it.become('installing');
    await expect.poll(() => phases(watch.text), PATIENT).toEqual(['seeding', 'installing']);
    it.changes.notify();
    it.become('ready');
    await expect.poll(() => phases(watch.text), PATIENT).toEqual(['seeding', 'installing', 'ready']);
  });

  it('repeats the status when nothing changes for a while', async () => {
    await using it = await serve(50);
    using watch = await it.client.stream('GET', '/v1/watch');
    await expect.poll(() => phases(watch.text).length, PATIENT).toBeGreaterThanOrEqual(3);
  });

  it('serves many at once', async () => {
    await using it = await serve(60_000);
    const watches = await Promise.all(Array.from({ length: 20 }, () => it.client.stream('GET', '/v1/watch')));
    it.become('ready');
    await expect
      .poll(() => watches.every((watch) => phases(watch.text).at(-1) === 'ready'), PATIENT)
      .toBe(true);
    for (const watch of watches) watch[Symbol.dispose]();
  });
});

describe('a restart', () => {
  it('is of one of two scopes, and of nothing else', async () => {
    await using it = await serve(60_000);
    for (const scope of ['all', 'after_task']) {
      expect((await it.client.call('POST', `/v1/restart?scope=${scope}`)).status).toBe(204);
    }
    for (const query of ['', '?scope=', '?scope=abandoned', '?scope=toString']) {
      const { status, text } = await it.client.call('POST', `/v1/restart${query}`);
      expect([status, text]).toEqual([400, expect.stringContaining('scope: must be one of all, after_task')]);
    }
    expect(it.restarts).toEqual(['all', 'after_task']);
  });
});

describe('a shutdown', () => {
  it('is answered before it begins', async () => {
    await using it = await serve(60_000);
    expect((await it.client.call('POST', '/v1/shutdown')).status).toBe(204);
    await until(() => it.shutdowns === 1);
    expect(it.shutdowns).toBe(1);
  });
});
