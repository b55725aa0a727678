import { connect } from 'node:net';
import { startProxy } from '../../proxy/start.ts';
import { liveRoute, proxyOptions } from '../../proxy/testing/harness.ts';
import { hostOf, sandboxIds } from './routes.ts';

const ROUTES = 10_000;
const CHANGES = 50;

/** How long after `send` a route change decides requests, with many routes; measured through the real worker. */
export async function measureRouteChange(upstream: number): Promise<string> {
  await using proxy = await startProxy(proxyOptions(), {
    onWake: () => undefined,
    onTraffic: () => undefined,
    log: (message) => console.error(message),
  });
  const [first = '', ...others] = sandboxIds(ROUTES)
    .map((sandboxId) => liveRoute([upstream], { sandboxId }))
    .map((route) => route.sandboxId);
  proxy.send({
    type: 'routes',
    routes: [first, ...others].map((sandboxId) => liveRoute([upstream], { sandboxId })),
  });
  const asked = await asker(proxy.port, hostOf(first, upstream));
  await until(asked, 200);
  const times: number[] = [];
  for (let i = 0; i < CHANGES; i++) {
    const start = performance.now();
    if (i % 2 === 0) proxy.send({ type: 'remove', sandboxId: first });
    else proxy.send({ type: 'route', route: liveRoute([upstream], { sandboxId: first }) });
    await until(asked, i % 2 === 0 ? 404 : 200);
    times.push(performance.now() - start);
  }
  asked.end();
  times.sort((a, b) => a - b);
  const [median = 0, worst = 0] = [times[CHANGES / 2], times.at(-1)];
  return `${worst <= 5 ? 'met   ' : 'MISSED'} a route change in force within 5 ms at ${ROUTES} routes: median ${median.toFixed(2)}, worst ${worst.toFixed(2)}`;
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
