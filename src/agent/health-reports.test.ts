import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Logger } from '../domain/log.ts';
import { HealthReports } from './health-reports.ts';
import { Outbox } from './outbox.ts';

const ID = '01JHEALTH00000000000000000';
const quiet: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

describe('health reports', () => {
  let directory: string;
  let outbox: Outbox;
  let reports: HealthReports;
  let now = 1_700_000_000_000;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sandboxd-health-'));
    outbox = await Outbox.open(directory);
    reports = new HealthReports({ clock: () => now, log: quiet }, outbox, () => undefined);
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  /** What is in the outbox once everything before is written: it writes in order. */
  async function reported(): Promise<string[]> {
    await outbox.acknowledge(0);
    return outbox.pending().map(({ type }) => type);
  }
  const say = (status: 'ready' | 'down', run = 1): void => {
    now += 1;
    reports.observe(ID, run, { status });
  };

  it('are made once per change, and again for another start', async () => {
    say('ready');
    say('ready');
    say('down');
    say('down', 2);
    expect(await reported()).toEqual(['preview.health.ok', 'preview.health.failed', 'preview.health.failed']);
  });

  it('are few however often a sandbox changes its mind, and end with how it is', async () => {
    for (let turn = 0; turn < 500; turn += 1) say(turn % 2 === 0 ? 'ready' : 'down');
    expect(await reported()).toHaveLength(10);
    now += 10_000;
    say('ready');
    expect((await reported()).slice(10)).toEqual(['preview.health.ok']);
  });
});
