import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Traffic } from '../src/domain/routing.ts';
import {
  type Harness,
  httpServer,
  liveRoute,
  OTHER_SANDBOX,
  Owned,
  previewHost,
  SANDBOX,
  startHarness,
  until,
  visit,
} from './testing/harness.ts';

const owned = new Owned();
let harness: Harness;
const waiting: (() => void)[] = [];

beforeEach(async () => {
  harness = owned.own(await startHarness({}, { limits: { reportMs: 20 }, clocks: { wall: () => 1234 } }));
});
afterEach(() => owned.end());

async function app() {
  const server = owned.own(
    await httpServer((req, res) => {
      req.resume().on('end', () => {
        if (req.url === '/slow') waiting.push(() => res.end('slow'));
        else res.writeHead(Number(req.url?.slice(1))).end('x'.repeat(1000));
      });
    }),
  );
  harness.route(liveRoute([server.port]));
  return previewHost(server.port);
}

const sum = (pick: (traffic: Traffic) => number) =>
  harness.traffic.reduce((total, traffic) => total + pick(traffic), 0);

const answers = (traffic: Traffic) => traffic.statusClasses.reduce((total, count) => total + count, 0);

describe('traffic', () => {
  it('is counted once, by class and by bytes', async () => {
    const host = await app();
    await visit(harness.port, { host, path: '/200', method: 'POST', body: 'y'.repeat(5000) });
    await visit(harness.port, { host, path: '/204' });
    await visit(harness.port, { host, path: '/404' });
    await until(() => sum(answers) === 3, 'three answers');
    expect(sum((traffic) => traffic.requests)).toBe(3);
    expect(sum((traffic) => traffic.statusClasses[2] ?? 0)).toBe(2);
    expect(sum((traffic) => traffic.statusClasses[4] ?? 0)).toBe(1);
    expect(sum((traffic) => traffic.bytesIn)).toBeGreaterThan(5000);
    expect(sum((traffic) => traffic.bytesOut)).toBe(2000);
    expect(harness.traffic.at(-1)?.lastRequestAt).toBe(1234);
  });

  it('is not reported when there is none', async () => {
    const host = await app();
    await visit(harness.port, { host, path: '/200' });
    await until(() => harness.traffic.at(-1)?.inFlight === 0, 'the last report');
    const before = harness.traffic.filter(({ sandboxId }) => sandboxId === SANDBOX).length;
    harness.route({ ...liveRoute([80]), sandboxId: OTHER_SANDBOX, state: 'stopped' });
    await visit(harness.port, { host: previewHost(80, OTHER_SANDBOX), method: 'HEAD' });
    await until(() => harness.traffic.at(-1)?.sandboxId === OTHER_SANDBOX, 'a report of another');
    expect(harness.traffic.filter(({ sandboxId }) => sandboxId === SANDBOX)).toHaveLength(before);
  });

  it('tells of requests in flight, also that there is none any more', async () => {
    const host = await app();
    const reply = visit(harness.port, { host, path: '/slow' });
    await expect.poll(() => harness.traffic.at(-1)?.inFlight).toBe(1);
    await until(() => waiting.length === 1, 'the request to arrive');
    waiting.shift()?.();
    await reply;
    await expect.poll(() => harness.traffic.at(-1)?.inFlight).toBe(0);
  });

  it('is not made by those who were turned away', async () => {
    const host = await app();
    harness.route(liveRoute([Number(/-(\d+)\./.exec(host)?.[1])], { visibility: 'private' }));
    await visit(harness.port, { host });
    await until(() => harness.traffic.length > 0, 'a report');
    expect(harness.traffic[0]).toMatchObject({ requests: 1, lastRequestAt: 0, inFlight: 0 });
    expect(harness.traffic[0]?.statusClasses[4]).toBe(1);
  });
});
