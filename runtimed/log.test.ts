import { expect, it } from 'vitest';
import { lineLogger } from './log.ts';

function logged(use: (logger: ReturnType<typeof lineLogger>) => void): Record<string, unknown>[] {
  let text = '';
  use(
    lineLogger(
      (line) => (text += line),
      () => 0,
    ),
  );
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

it('writes one JSON object a line, whatever is in it', () => {
  expect(logged((logger) => logger.info('two\nlines', { name: 'a"\n\u0000b', count: 2 }))).toEqual([
    { time: '1970-01-01T00:00:00.000Z', level: 'info', message: 'two\nlines', name: 'a"\n\u0000b', count: 2 },
  ]);
});

it('tells an error with all its causes', () => {
  const error = new Error('outer', { cause: new TypeError('inner', { cause: 'a text' }) });
  const [line] = logged((logger) => logger.error('failed', error));
  expect(line?.['cause']).toMatch(/Error: outer[^]*caused by TypeError: inner[^]*caused by a text/);
});

it('keeps lines bounded', () => {
  const [line] = logged((logger) => logger.warn('long', { text: 'x'.repeat(100_000) }));
  expect(JSON.stringify(line).length).toBeLessThan(5000);
});
