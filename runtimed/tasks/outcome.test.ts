import { describe, expect, test } from 'vitest';
import type { PreviewStatus, ProcessState } from '../../src/domain/runtimed.ts';
import { parseTaskEvent } from '../../src/domain/task-event.ts';
import { MAX_TASK_EVENT_LENGTH } from '../../src/domain/task.ts';
import { outcomeOf, type TaskFacts } from './outcome.ts';

const worker = (running: boolean): ProcessState => ({
  name: 'w',
  kind: 'worker',
  running,
  restarts: 0,
  abandoned: false,
});
const facts = (more: Partial<TaskFacts> = {}): TaskFacts => ({
  agent: {},
  changed: { files: ['a.txt'], isTruncated: false },
  build: { status: 'passed' },
  app: { preview: { status: 'ready' }, processes: [] },
  startedAt: 1,
  finishedAt: 2,
  ...more,
});
const app = (status: PreviewStatus, ...processes: ProcessState[]) => ({ preview: { status }, processes });

describe('an app after a task', () => {
  test.each<[string, Partial<TaskFacts>, boolean, boolean | undefined]>([
    ['that builds and serves', {}, true, true],
    ['that was not built and serves', { build: { status: 'skipped' } }, true, true],
    ['that does not build', { build: { status: 'failed' } }, false, true],
    ['that does not serve', { app: app('down') }, false, false],
    ['that is still starting', { app: app('starting') }, false, false],
    ['of workers, one of which runs', { app: app('none', worker(false), worker(true)) }, true, undefined],
    ['of workers that do not run', { app: app('none', worker(false)) }, false, undefined],
    [
      'of workers that does not build',
      { app: app('none', worker(true)), build: { status: 'failed' } },
      false,
      undefined,
    ],
    ['of nothing', { app: app('none') }, false, undefined],
  ])('%s', (_what, more, isHealthy, isServing) => {
    const outcome = outcomeOf(facts(more));
    expect(outcome.app_healthy).toBe(isHealthy);
    expect(outcome.preview_ok).toBe(isServing);
    expect('preview_ok' in outcome).toBe(isServing !== undefined);
  });
});

describe('a task', () => {
  const failure = { reason: 'agent_error', message: 'no' } as const;

  test.each<[string, Partial<TaskFacts>, object]>([
    [
      'whose agent is content succeeded, whether it builds or not',
      { build: { status: 'failed' } },
      { status: 'succeeded' },
    ],
    [
      'whose agent failed did',
      { agent: { failure } },
      { status: 'failed', failure_reason: 'agent_error', error_message: 'no' },
    ],
    [
      'that was cancelled is just that',
      { agent: { failure }, ending: { reason: 'cancelled' } },
      { status: 'cancelled', failure_reason: 'cancelled' },
    ],
    [
      'whose provider said no has its words, whatever the agent made of it',
      { agent: { failure }, ending: { reason: 'provider_error', message: 'no credit' } },
      { status: 'failed', failure_reason: 'provider_error', error_message: 'no credit' },
    ],
  ])('%s', (_what, more, verdict) => {
    const { status, failure_reason, error_message } = outcomeOf(facts(more));
    expect({ status, failure_reason, error_message }).toEqual({
      failure_reason: undefined,
      error_message: undefined,
      ...verdict,
    });
  });

  test('says when more was changed than is listed', () => {
    expect(outcomeOf(facts())).not.toHaveProperty('files_truncated');
    expect(outcomeOf(facts({ changed: { files: [], isTruncated: true } })).files_truncated).toBe(true);
  });

  test('fits into one event, whatever the agent has said and changed', () => {
    const files = Array.from({ length: 1000 }, (_, index) => `${index}${'\u0001'.repeat(4000)}`);
    const said = '\u0001'.repeat(300_000);
    const outcome = outcomeOf(
      facts({
        agent: { finalMessage: said, failure: { reason: 'agent_error', message: said }, reportedCost: -1 },
        changed: { files, isTruncated: false },
        build: { status: 'failed', message: '\u0001'.repeat(4000) },
        app: app('error'),
        previewError: '\u0001'.repeat(4000),
      }),
    );
    const line = JSON.stringify({ seq: 1, at: 1, type: 'done', data: outcome });
    expect(line.length).toBeLessThanOrEqual(MAX_TASK_EVENT_LENGTH);
    expect(parseTaskEvent(line)).toBeDefined();
    expect(outcome).toMatchObject({ files_truncated: true });
    expect(outcome.files_changed).toEqual(files.slice(0, outcome.files_changed.length));
  });
});
