import { describe, expect, it } from 'vitest';
import { cpuTime } from '../../../tests/harness/cpu-time.ts';
import { plainLine } from './log-text.ts';

const LINES: [what: string, line: string, shown: string][] = [
  ['plain text', '  at main (app.js:1)', '  at main (app.js:1)'],
  ['tabs', 'a\tb', 'a\tb'],
  ['colours', '\u001B[1;31mError\u001B[0m: no', 'Error: no'],
  ['colours in one byte', '\u009B31mError', 'Error'],
  ['cursor movements', '\u001B[2K\u001B[1Gdone', 'done'],
  ['titles', '\u001B]0;my title\u0007ready', 'ready'],
  ['links', '\u001B]8;;http://a\u001B\\here\u001B]8;;\u001B\\', 'here'],
  ['a sequence that breaks off', 'a\u001B[31', 'a31'],
  ['a title that never ends', '\u001B]0;all of this', '0;all of this'],
  ['bells and other controls', 'a\u0007\u0000\u007Fb', 'ab'],
  ['a progress bar', '10 %\r50 %\r100 %\r', '100 %'],
  ['a line that never ends', 'x'.repeat(9000), `${'x'.repeat(2000)}…`],
];

describe('a line of output', () => {
  it.each(LINES)('with %s', (_, line, shown) => {
    expect(plainLine(line)).toBe(shown);
  });

  it('takes no longer the more a program has begun and not ended', () => {
    const begun = ['\u001B]\u001B[0;0;0'.repeat(30_000), `\u001B[${'0'.repeat(250_000)}`];
    expect(cpuTime(() => begun.map(plainLine))).toBeLessThan(1000);
  });
});
