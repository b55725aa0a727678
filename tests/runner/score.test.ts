import { expect, it } from 'vitest';
import { failed, scoreOf, summaryOf } from './score.ts';

const file = (status: string, ...tests: string[]) => ({
  name: 'a.test.ts',
  status,
  assertionResults: tests.map((one) => ({ status: one, fullName: `is ${one}` })),
});

const names = (score: ReturnType<typeof scoreOf>) => score.failures.map(({ name }) => name);

it('counts every test, and takes none for passed that did not run', () => {
  const report = {
    testResults: [file('passed', 'passed', 'skipped', 'todo'), file('failed', 'failed', 'passed')],
  };
  const score = scoreOf('fast', report, 1);
  expect(score.passed).toBe(2);
  expect(names(score)).toEqual(['a.test.ts > is skipped', 'a.test.ts > is todo', 'a.test.ts > is failed']);
});

it('counts a file that could not be loaded', () => {
  const unloaded = { ...file('failed'), message: 'no such module' };
  const score = scoreOf('fast', { testResults: [file('passed', 'passed'), unloaded] }, 1);
  expect(score).toEqual({ passed: 1, failures: [{ name: 'a.test.ts', reason: 'no such module' }] });
});

it('counts a run that failed outside of its tests', () => {
  const report = { testResults: [file('passed', 'passed')] };
  for (const exitCode of [1, null]) {
    const score = scoreOf('fast', report, exitCode);
    expect(score.passed).toBe(1);
    expect(names(score)).toEqual(['fast']);
  }
});

it('takes a run without tests, or without a report, for failed', () => {
  for (const report of [{ testResults: [] }, undefined]) {
    const score = scoreOf('fast', report, 0);
    expect(score.passed).toBe(0);
    expect(names(score)).toEqual(['fast']);
  }
});

it('says last how many passed and failed, after what failed and why', () => {
  const reason = ['\u001B[31mexpected 1 to be 2\u001B[39m', '    at a.test.ts:3:1'].join('\n');
  expect(summaryOf({ ...failed('a.test.ts > adds', reason), passed: 3 })).toBe(
    ['✗ a.test.ts > adds', '    expected 1 to be 2', '        at a.test.ts:3:1', '3 passed, 1 failed'].join(
      '\n',
    ),
  );
});

it('stays short, however much failed and however long the reasons', () => {
  const long = failed('a', 'line\n'.repeat(500)).failures[0]!;
  const lines = summaryOf({ passed: 0, failures: Array.from({ length: 1000 }, () => long) }).split('\n');
  expect(lines.length).toBeLessThan(300);
  expect(lines.slice(-2)).toEqual(['… and 980 more', '0 passed, 1000 failed']);
});
