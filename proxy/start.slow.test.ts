import { afterEach, describe, expect, it } from 'vitest';
import { ERROR_STATUS } from '../src/domain/errors.ts';
import type { Traffic } from '../src/domain/routing.ts';
import { startProxy } from './start.ts';
import {
  httpServer,
  liveRoute,
  OTHER_SANDBOX,
  Owned,
  previewHost,
  proxyOptions,
  SANDBOX,
  tcpServer,
  visit,
} from './testing/harness.ts';

const owned = new Owned();
afterEach(() => owned.end());

async function start(port = 0) {
  const wakes: string[] = [];
  const traffic: Traffic[] = [];
  const logs: string[] = [];
  const proxy = owned.own(
    await startProxy(proxyOptions({ port }), {
      onWake: (id) => wakes.push(id),
      onTraffic: (reports) => traffic.push(...reports),
      log: (message) => logs.push(message),
    }),
  );
  return { proxy, wakes, traffic, logs };
}

const app = async () => owned.own(await httpServer((_req, res) => res.end('app')));

describe('the proxy in its worker', () => {
  it('serves, wakes, and reports', async () => {
    const { proxy, wakes, traffic } = await start();
    const { port } = await app();
    proxy.send({ type: 'route', route: liveRoute([port], { state: 'stopped' }) });
    const reply = visit(proxy.port, { host: previewHost(port) });
    await expect.poll(() => wakes).toEqual([SANDBOX]);
    proxy.send({ type: 'route', route: liveRoute([port], { generation: 2 }) });
    expect(await reply).toMatchObject({ status: 200, body: 'app' });
    await expect.poll(() => traffic.at(-1)).toMatchObject({ sandboxId: SANDBOX, requests: 1 });
  });

  it('is not stalled by a busy main thread', async () => {
    const { proxy } = await start();
    const { port } = await app();
    proxy.send({ type: 'route', route: liveRoute([port], { ports: [1] }) });
    const asked = visit(proxy.port, { host: previewHost(port) });
    const until = performance.now() + 200;
    while (performance.now() < until);
    expect(await asked).toMatchObject({ status: 404 });
  });

  it('is replaced when it dies, on the same port and with every route', async () => {
    const { proxy, logs } = await start();
    const { port } = await app();
    proxy.send({
      type: 'routes',
      routes: [liveRoute([port]), liveRoute([port], { sandboxId: OTHER_SANDBOX })],
    });
    proxy.send({ type: 'remove', sandboxId: OTHER_SANDBOX });
    expect(await visit(proxy.port, { host: previewHost(port) })).toMatchObject({ status: 200 });
    // A message that cannot be understood is the nearest thing to a bug.
    proxy.send({ type: 'nonsense' } as never);
    await expect.poll(() => logs.join('\n')).toMatch(/ended unexpectedly[^]*listens on port \d+ again/);
    expect(await visit(proxy.port, { host: previewHost(port) })).toMatchObject({ status: 200 });
    expect(await visit(proxy.port, { host: previewHost(port, OTHER_SANDBOX) })).toMatchObject({
      status: 404,
    });
  });

  it('says clearly that a port is taken', async () => {
    const other = owned.own(await tcpServer(() => undefined));
    await expect(start(other.port)).rejects.toMatchObject({
      code: 'unavailable' satisfies keyof typeof ERROR_STATUS,
      message: expect.stringContaining(`127.0.0.1:${other.port}: another program uses that port`),
    });
  });

  it('ends with everything it owns', async () => {
    const { proxy, logs } = await start();
    const { port } = await app();
    proxy.send({ type: 'route', route: liveRoute([port]) });
    await visit(proxy.port, { host: previewHost(port) });
    await proxy[Symbol.asyncDispose]();
    expect(await visit(proxy.port, { host: previewHost(port) })).toMatchObject({ status: 0 });
    expect(logs).toEqual([]);
    await proxy[Symbol.asyncDispose]();
  });
});
