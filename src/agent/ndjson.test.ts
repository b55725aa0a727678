import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { quietLogger } from '../../tests/fakes/quiet-logger.ts';
import { SandboxdError } from '../domain/errors.ts';
import type { Logger } from '../domain/log.ts';
import { ndjson } from './ndjson.ts';

/** What a stream that fails after its first value says, and what is logged of that. */
async function failing(error: Error): Promise<{ lines: unknown[]; logged: unknown[] }> {
  const logged: unknown[] = [];
  const log: Logger = { ...quietLogger, error: (_, thrown) => void logged.push(thrown) };
  async function* values() {
    yield 1;
    throw error;
  }
  const app = new Hono().get('/', (c) => ndjson(c, log, () => values()));
  const text = await (await app.request('/')).text();
  return {
    lines: text
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line)),
    logged,
  };
}

describe('A stream over the channel that fails on its way', () => {
  it('says so in a last line, and logs what nobody else would', async () => {
    const error = new Error('a detail of ours');
    const { lines, logged } = await failing(error);
    expect(lines).toEqual([1, { error: expect.objectContaining({ code: 'internal' }) }]);
    expect(JSON.stringify(lines)).not.toContain('a detail of ours');
    expect(logged).toEqual([error]);
  });

  it('passes on what is meant for its reader', async () => {
    const { lines, logged } = await failing(new SandboxdError('sandbox_unavailable', 'Gone.'));
    expect(lines).toEqual([1, { error: { code: 'sandbox_unavailable', message: 'Gone.', retryable: true } }]);
    expect(logged).toEqual([]);
  });
});
