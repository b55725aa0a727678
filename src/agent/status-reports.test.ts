import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { quietLogger } from '../../tests/fakes/quiet-logger.ts';
import type { NodeReport } from '../domain/node.ts';
import type { RuntimeStatus } from '../domain/runtimed.ts';
import { Outbox } from './outbox.ts';
import { StatusReports } from './status-reports.ts';

const ID = '01JHEALTH00000000000000000';
const STARTING: RuntimeStatus = { phase: 'starting', preview: { status: 'starting' }, processes: [] };

describe('reports of how a sandbox is', () => {
  let directory: string;
  let outbox: Outbox;
  let reports: StatusReports;
  let now = 1_700_000_000_000;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sandboxd-reports-'));
    outbox = await Outbox.open(directory);
    reports = new StatusReports({ clock: () => now, log: quietLogger }, outbox, () => undefined);
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  /** What is in the outbox once everything before is written: it writes in order. */
  async function reported(): Promise<NodeReport[]> {
    await outbox.acknowledge(0);
    return outbox.pending();
  }
  const types = async () => (await reported()).map(({ type }) => type);
  const say = (status: Partial<RuntimeStatus>, run = 1): void => {
    now += 1;
    reports.observe(ID, run, { ...STARTING, ...status });
  };
  const preview = (status: 'ready' | 'down', run = 1) => say({ preview: { status } }, run);
  const process = (name: string, abandoned: boolean, run = 1) =>
    say({ processes: [{ name, kind: 'worker', running: !abandoned, restarts: 4, abandoned }] }, run);

  it('are made once per change of its preview, and again for another start', async () => {
    preview('ready');
    preview('ready');
    say({});
    preview('ready');
    preview('down');
    preview('down', 2);
    expect(await types()).toEqual(['preview.health.ok', 'preview.health.failed', 'preview.health.failed']);
  });

  it('are made once per abandonment of a process, and again for another start', async () => {
    process('bot', false);
    process('bot', true);
    process('bot', true);
    expect(await reported()).toMatchObject([
      {
        type: 'process.abandoned',
        severity: 'warning',
        message: expect.stringContaining('"bot"'),
        payload: { process: 'bot', kind: 'worker', restarts: 4 },
      },
    ]);
    process('bot', false);
    process('bot', true);
    process('bot', true, 2);
    expect(await types()).toEqual(Array(3).fill('process.abandoned'));
  });

  it('say once that a manifest cannot be used, and nothing of what is in it', async () => {
    say({ manifest_error: 'web.port: must not be "fake-secret"' });
    say({ manifest_error: 'is not valid YAML: fake-secret' });
    const [report, ...more] = await reported();
    expect(report).toMatchObject({ type: 'manifest.invalid', severity: 'warning', sandboxId: ID });
    expect([more, JSON.stringify(report).includes('fake-secret')]).toEqual([[], false]);
    say({});
    say({ manifest_error: 'is not valid YAML' });
    expect(await types()).toEqual(['manifest.invalid', 'manifest.invalid']);
  });

  it('are few however often a sandbox changes its mind, and end with how it is', async () => {
    for (let turn = 0; turn < 500; turn += 1) preview(turn % 2 === 0 ? 'ready' : 'down');
    expect(await types()).toHaveLength(10);
    now += 10_000;
    preview('ready');
    expect((await types()).slice(10)).toEqual(['preview.health.ok']);
  });

  it('are few in all, whatever they are about', async () => {
    for (let turn = 0; turn < 500; turn += 1) {
      process(`worker-${turn}`, true);
      say({ manifest_error: 'broken', preview: { status: turn % 2 === 0 ? 'ready' : 'down' } });
    }
    expect(await types()).toHaveLength(10);
    now += 10_000;
    process('worker-500', true);
    expect((await types()).slice(10)).toEqual(['process.abandoned']);
  });
});
