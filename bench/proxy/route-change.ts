import { connect } from 'node:net';
import { startProxy } from '../../proxy/start.ts';
import { liveRoute, proxyOptions } from '../../proxy/testing/harness.ts';
import { benchRoutes, hostOf } from './routes.ts';
import { verdict } from '../verdict.ts';

const ROUTES = 10_000;
const CHANGES = 50;

/** How long after `send` a route change decides requests, with many routes; measured through the real worker. */
export async function measureRouteChange(upstream: number): Promise<string[]> {
  await using proxy = await startProxy(proxyOptions(), {
    onWake: () => undefined,
    onTraffic: () => undefined,
    log: (message) => console.error(message),
  });
  const routes = benchRoutes(ROUTES).map((route) => liveRoute([upstream], route));
  const [route = liveRoute([])] = routes;
  proxy.send({ type: 'routes', routes });
  const ask = await asker(proxy.port, hostOf(route.sandboxId, upstream));
  await until(ask, 200);
  const times: number[] = [];
  for (let i = 0; i < CHANGES; i++) {
    const start = performance.now();
    proxy.send({ type: 'remove', sandboxId: route.sandboxId });
    await until(ask, 404);
    times.push(performance.now() - start);
    proxy.send({ type: 'route', route });
    await until(ask, 200);
  }
  ask.end();
  times.sort((a, b) => a - b);
  return [
    verdict(`median ms until a route change is in force, ${ROUTES} routes`, times[CHANGES / 2] ?? 0, {
      most: 5,
    }),
    verdict(`worst ms of ${CHANGES}`, times.at(-1) ?? 0, { most: 5 }),
  ];
}

interface Asker {
  (): Promise<number>;
  end(): void;
}

/** Asks on one connection, one request after the other, for the status. */
async function asker(port: number, host: string): Promise<Asker> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  const ask = () =>
    new Promise<number>((resolve) => {
      socket.once('data', (bytes) => resolve(Number(bytes.toString('latin1', 9, 12))));
      socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    });
  return Object.assign(ask, { end: () => void socket.destroy() });
}

async function until(ask: Asker, status: number): Promise<void> {
  while ((await ask()) !== status);
}
