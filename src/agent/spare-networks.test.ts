import { describe, expect, it } from 'vitest';
import { FakeEngine } from '../../tests/fakes/engine.ts';
import { quietLogger } from '../../tests/fakes/quiet-logger.ts';
import { SandboxdError } from '../domain/errors.ts';
import type { LogFields, Logger } from '../domain/log.ts';
import { keepSpareNetworks } from './spare-networks.ts';

const DEFAULTS = {
  image: 'image',
  limits: { memoryBytes: 1, cpus: 1, pids: 1, openFiles: 1 },
  env: {},
  runtime: undefined,
  caFile: undefined,
};
const AT_ONCE = { usual: 1, afterFailure: 1 };
const NEVER = 2 ** 30;

/** The loop, running, and what it warns of. */
function running(engine: FakeEngine, pauses: typeof AT_ONCE) {
  const end = new AbortController();
  const warnings: LogFields[] = [];
  const log: Logger = { ...quietLogger, warn: (_, fields = {}) => void warnings.push(fields) };
  const ended = keepSpareNetworks({ engine, defaults: DEFAULTS, log }, end.signal, pauses);
  return {
    warnings,
    attempts: () => engine.calls.length,
    async [Symbol.asyncDispose]() {
      end.abort();
      await ended;
    },
  };
}

const noSleep = () =>
  new SandboxdError('node_unavailable', 'The engine refused.', {
    cause: new Error('exec: "sleep": not found'),
  });

describe('keepSpareNetworks', () => {
  it('warns once of what keeps failing, with the reason, and again after it was well', async () => {
    const engine = new FakeEngine();
    engine.reachable = false;
    await using loop = running(engine, AT_ONCE);
    await expect.poll(loop.attempts).toBeGreaterThan(5);
    expect(loop.warnings).toHaveLength(1);
    engine.reachable = true;
    const before = loop.attempts();
    await expect.poll(loop.attempts).toBeGreaterThan(before + 2);
    engine.failures.set('keepNetworks', noSleep());
    await expect.poll(() => loop.warnings).toHaveLength(2);
    expect(loop.warnings[1]?.['cause']).toContain('exec: "sleep": not found');
  });

  it('leaves the engine alone for a while after a failure', async () => {
    const engine = new FakeEngine();
    await using loop = running(engine, { usual: 1, afterFailure: NEVER });
    engine.failures.set('keepNetworks', noSleep());
    await expect.poll(() => loop.warnings).toHaveLength(1);
    const before = loop.attempts();
    await using other = running(new FakeEngine(), AT_ONCE);
    await expect.poll(other.attempts).toBeGreaterThan(10);
    expect(loop.attempts()).toBe(before);
  });

  it('ends when told to, also while it waits', async () => {
    const loop = running(new FakeEngine(), { usual: NEVER, afterFailure: NEVER });
    await loop[Symbol.asyncDispose]();
    expect(loop.attempts()).toBe(1);
  });
});
