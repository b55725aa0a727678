import { connect, type Socket } from 'node:net';
import { benchRoutes, hostOf } from './routes.ts';

/**
 * A client that asks at a fixed pace whatever the answers do, so that a slow answer is not hidden by asking less.
 * Arguments: target port, upstream port, number of routes, requests per second, seconds.
 * Prints the quantiles of the latencies in microseconds, as JSON.
 */
const [target = 0, upstream = 0, routes = 0, rate = 0, seconds = 0] = process.argv.slice(2).map(Number);
const heads = benchRoutes(routes).map(
  ({ sandboxId }) =>
    `GET /assets/app.js HTTP/1.1\r\nHost: ${hostOf(sandboxId, upstream)}\r\nAccept: */*\r\nUser-Agent: bench\r\n\r\n`,
);
const latencies: number[] = [];
let failed = 0;

/** Connections without a request in flight; another one is opened when there is none. */
const idle: Socket[] = [];
const all: Socket[] = [];

function open(): Socket {
  const socket = connect({ port: target, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => failed++);
  all.push(socket);
  return socket;
}

function ask(head: string): void {
  const socket = idle.pop() ?? open();
  const asked = performance.now();
  socket.once('data', () => {
    latencies.push((performance.now() - asked) * 1000);
    idle.push(socket);
  });
  socket.write(head);
}

idle.push(...Array.from({ length: 32 }, open));
const start = performance.now() + 500;
const total = rate * seconds;
let sent = 0;

await new Promise<void>((resolve) => {
  const tick = () => {
    const now = performance.now();
    for (; sent < total && start + (sent * 1000) / rate <= now; sent++) ask(heads[sent % heads.length] ?? '');
    const over = latencies.length === total || now > start + (seconds + 10) * 1000;
    // Spinning instead would take the core from the upstream.
    setTimeout(over ? resolve : tick, 1);
  };
  tick();
});
for (const socket of all) socket.destroy();
latencies.sort((a, b) => a - b);
const quantile = (q: number) => Math.round(latencies[Math.floor(latencies.length * q)] ?? 0);
console.log(
  JSON.stringify({ p50: quantile(0.5), p99: quantile(0.99), answered: latencies.length, sent, failed }),
);
