import { describe, expect, it } from 'vitest';
import { SUCCEEDED } from '../../tests/fakes/fake-tasks.ts';
import { parseTaskEvent, parseTaskOutcome } from './task-event.ts';

const parse = (changes: object) => parseTaskOutcome(JSON.stringify({ ...SUCCEEDED, ...changes }));

describe('What a sandbox says a task came to', () => {
  it('is taken as it is where it makes sense', () => {
    expect(parse({})).toEqual(SUCCEEDED);
    expect(parse({ failure_reason: 'internal' })).toEqual(SUCCEEDED);
    const failed = { status: 'failed', failure_reason: 'agent_timeout', error_message: 'Too late.' };
    expect(parse(failed)).toEqual({ ...SUCCEEDED, ...failed });
  });

  it.each([
    ['ends no earlier than it begins', { started_at: 9, finished_at: 4 }, { started_at: 9, finished_at: 9 }],
    ['has a reason when it failed', { status: 'failed' }, { failure_reason: 'internal' }],
    [
      'was not cancelled when it failed',
      { status: 'failed', failure_reason: 'cancelled' },
      { failure_reason: 'internal' },
    ],
    ['has no other reason when it was cancelled', { status: 'cancelled' }, { failure_reason: 'cancelled' }],
    ['left no healthy app that does not build', { build_status: 'failed' }, { app_healthy: false }],
    ['left no healthy app that does not serve', { preview_ok: false }, { app_healthy: false }],
  ])('%s', (_, told, read) => {
    expect(parse(told)).toMatchObject(read);
  });

  it.each([
    ['no status of an end', { status: 'running' }],
    ['a time before all times', { started_at: -1 }],
    ['a time that no date reaches', { finished_at: 9e15 }],
    ['more files than are told', { files_changed: Array.from({ length: 1001 }, () => 'a') }],
    ['a commit that is none', { checkpoint_id: '--upload-pack=evil' }],
    ['a cost below nothing', { reported_cost: -1 }],
  ])('is not believed with %s', (_, told) => {
    expect(parse(told)).toBeUndefined();
  });

  it('is read the same way out of an event', () => {
    const event = { seq: 1, at: 2, type: 'done', data: { ...SUCCEEDED, status: 'cancelled' } };
    expect(parseTaskEvent(JSON.stringify(event))).toMatchObject({ data: { failure_reason: 'cancelled' } });
  });
});
