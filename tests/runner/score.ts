/** What passed and what did not. A test that was skipped has not passed. */
export interface Score {
  readonly passed: number;
  readonly failed: number;
}

export const NOTHING: Score = { passed: 0, failed: 0 };
export const PASSED: Score = { passed: 1, failed: 0 };
export const FAILED: Score = { passed: 0, failed: 1 };

export const add = (a: Score, b: Score): Score => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
});

/** The part of vitest's JSON report that counts. */
export interface VitestReport {
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/**
 * Counts every test, and as one failure each file that failed for no test of its own, and a run that failed for none at
 * all or ran nothing.
 */
export function scoreOf(report: VitestReport | undefined, exitCode: number | null): Score {
  const scores = (report?.testResults ?? []).map(({ status, assertionResults }) => {
    const passed = assertionResults.filter((test) => test.status === 'passed').length;
    const failed = assertionResults.length - passed;
    return { passed, failed: failed === 0 && status !== 'passed' ? 1 : failed };
  });
  const score = scores.reduce(add, NOTHING);
  const unexplained = score.failed === 0 && (exitCode !== 0 || score.passed === 0);
  return unexplained ? add(score, FAILED) : score;
}
