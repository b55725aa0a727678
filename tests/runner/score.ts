import { stripVTControlCharacters } from 'node:util';

/** What passed and what did not. A test that was skipped has not passed. */
export interface Score {
  readonly passed: number;
  readonly failures: readonly Failure[];
}

export interface Failure {
  /** As one looks for it: where it is, and what it says it shows. */
  readonly name: string;
  readonly reason: string;
}

export const NOTHING: Score = { passed: 0, failures: [] };
export const PASSED: Score = { passed: 1, failures: [] };

export const failed = (name: string, reason: string): Score => ({ passed: 0, failures: [{ name, reason }] });

export const add = (a: Score, b: Score): Score => ({
  passed: a.passed + b.passed,
  failures: [...a.failures, ...b.failures],
});

/** The part of vitest's JSON report that counts. */
export interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[] | null;
    }[];
  }[];
}

/**
 * Counts every test, and as one failure each file that failed for no test of its own, and a run that failed for none at
 * all or ran nothing.
 *
 * @param run what was run, as its failures name it
 */
export function scoreOf(run: string, report: VitestReport | undefined, exitCode: number | null): Score {
  const score = (report?.testResults ?? []).map(scoreOfFile).reduce(add, NOTHING);
  if (score.failures.length > 0) return score;
  if (exitCode !== 0) return add(score, failed(run, `vitest ended with ${exitCode ?? 'a signal'}`));
  if (score.passed === 0) return failed(run, 'nothing ran');
  return score;
}

function scoreOfFile({
  name,
  status,
  message,
  assertionResults,
}: VitestReport['testResults'][number]): Score {
  const passed = assertionResults.filter((test) => test.status === 'passed');
  const failures = assertionResults
    .filter((test) => test.status !== 'passed')
    .map((test) => ({
      name: `${name} > ${test.fullName}`,
      reason: test.failureMessages?.join('\n') || test.status,
    }));
  if (failures.length === 0 && status !== 'passed') failures.push({ name, reason: message || status });
  return { passed: passed.length, failures };
}

const LISTED_FAILURES = 20;
const LISTED_LINES = 12;

/** What a run says at its very end, where one looks first: what failed and why, in short, and how many did not. */
export function summaryOf({ passed, failures }: Score): string {
  const listed = failures.slice(0, LISTED_FAILURES).map(inShort);
  const more = failures.length - LISTED_FAILURES;
  if (more > 0) listed.push(`… and ${more} more`);
  return [...listed, `${passed} passed, ${failures.length} failed`].join('\n');
}

function inShort({ name, reason }: Failure): string {
  const lines = stripVTControlCharacters(reason).split('\n').slice(0, LISTED_LINES);
  return [`✗ ${name}`, ...lines].join('\n    ');
}
