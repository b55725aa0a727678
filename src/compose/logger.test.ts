import { afterEach, describe, expect, it, vi } from 'vitest';
import { LOG_LEVELS, type Logger, type LogLevel } from '../domain/log.ts';
import { MASK } from '../domain/mask.ts';
import { createRedactor } from '../domain/redactor.ts';
import { edgeLogger } from './edge-logger.ts';
import { createLogger } from './logger.ts';

const SECRET = 'fake-secret "of a tenant"\nin two lines';

/** A logger that knows the secret, and the lines it has written. */
function written(level: LogLevel, make: (lines: string[], level: LogLevel) => Logger) {
  const lines: string[] = [];
  return { lines, log: make(lines, level) };
}

function knowing() {
  const redactor = createRedactor();
  redactor.learn(SECRET);
  return redactor;
}

const LOGGERS: [string, (lines: string[], level: LogLevel) => Logger][] = [
  [
    'a server',
    (lines, level) => createLogger({ level, redactor: knowing(), write: (line) => lines.push(line) }),
  ],
  [
    'a Worker',
    (lines, level) => {
      for (const name of ['debug', 'log', 'warn', 'error'] as const)
        vi.spyOn(console, name).mockImplementation((line: string) => void lines.push(line));
      return edgeLogger({ level, redactor: knowing() });
    },
  ],
];

afterEach(() => void vi.restoreAllMocks());

describe.each(LOGGERS)('the log of %s', (_, make) => {
  it('is one JSON object a line, with its fields', () => {
    const { lines, log } = written('debug', make);
    log.with({ requestId: 'r' }).with({ node: 'n' }).info('ready', { port: 8080, node: 'own' });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      level: 'info',
      message: 'ready',
      requestId: 'r',
      node: 'own',
      port: 8080,
    });
  });

  it.each(LOG_LEVELS)('holds what is at least as important as %s', (level) => {
    const { lines, log } = written(level, make);
    log.debug('a');
    log.info('b');
    log.warn('c');
    log.error('d', new Error('e'));
    const levels = lines.map((line) => (JSON.parse(line) as { level: string }).level);
    expect(levels).toEqual(LOG_LEVELS.slice(LOG_LEVELS.indexOf(level)));
  });

  it('has no known secret in it: not in the message, a field, a cause, its stack or what led to it', () => {
    const { lines, log } = written('info', make);
    log.warn(`found ${SECRET}`, { value: SECRET, url: `/x?y=${encodeURIComponent(SECRET)}` });
    const deep = new Error(`deep ${SECRET}`);
    const cause = Object.assign(new Error('outer', { cause: deep }), { headers: { 'x-key': SECRET } });
    log.with({ context: SECRET }).error('failed', cause);
    log.error('failed', `thrown ${btoa(SECRET)}`);
    const all = lines.map((line) => JSON.stringify(JSON.parse(line))).join('\n');
    expect(all).toContain(MASK);
    for (const part of ['fake-secret', 'of a tenant', 'in two lines', btoa(SECRET)])
      expect(all).not.toContain(part);
  });

  it('tells a failure in full, with what led to it', () => {
    const { lines, log } = written('error', make);
    log.error('failed', new Error('outer', { cause: new Error('inner') }));
    const { cause } = JSON.parse(lines[0] ?? '') as { cause: string };
    expect(cause).toMatch(/outer[\s\S]+logger\.test\.ts[\s\S]+inner/);
  });

  it('survives what cannot be described', () => {
    const { lines, log } = written('info', make);
    const hostile = new Error('x');
    Object.defineProperty(hostile, 'stack', {
      get: () => {
        throw new Error('no stack');
      },
    });
    Object.defineProperty(hostile, Symbol.for('nodejs.util.inspect.custom'), {
      value: () => {
        throw new Error('no');
      },
    });
    expect(() => log.error('failed', hostile)).not.toThrow();
    expect(lines[0]).toContain('a cause that cannot be described');
  });

  it('shortens what would make a line endless', () => {
    const { lines, log } = written('info', make);
    log.info('x'.repeat(1_000_000));
    expect(lines[0]?.length).toBeLessThan(10_000);
  });
});
