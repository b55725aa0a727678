import { expect, it } from 'vitest';
import { scoreOf } from './score.ts';

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((one) => ({ status: one })),
});

it('counts every test, and takes none for passed that did not run', () => {
  const report = {
    testResults: [file('passed', 'passed', 'skipped', 'todo'), file('failed', 'failed', 'passed')],
  };
  expect(scoreOf(report, 1)).toEqual({ passed: 2, failed: 3 });
});

it('counts a file that could not be loaded', () => {
  const report = { testResults: [file('passed', 'passed'), file('failed')] };
  expect(scoreOf(report, 1)).toEqual({ passed: 1, failed: 1 });
});

it('counts a run that failed outside of its tests', () => {
  expect(scoreOf({ testResults: [file('passed', 'passed')] }, 1)).toEqual({ passed: 1, failed: 1 });
  expect(scoreOf({ testResults: [file('passed', 'passed')] }, null)).toEqual({ passed: 1, failed: 1 });
});

it('takes a run without tests, or without a report, for failed', () => {
  expect(scoreOf({ testResults: [] }, 0)).toEqual({ passed: 0, failed: 1 });
  expect(scoreOf(undefined, 0)).toEqual({ passed: 0, failed: 1 });
});
