import { describe, expect, it } from 'vitest';
import type { FollowedEvent } from '../../domain/task-following.ts';
import type { ToolProgress } from '../../domain/task.ts';
import { aTask } from '../../../tests/fakes/rows.ts';
import { TaskLog } from './task-log.ts';

type Happening = FollowedEvent extends infer Event
  ? Event extends FollowedEvent
    ? Pick<Event, 'type' | 'data'>
    : never
  : never;

function logOf(...happenings: Happening[]) {
  const log = new TaskLog('T');
  const changed = happenings.map((happening, index) =>
    log.add({ ...happening, seq: index + 1, at: 5000 + index * 1000 }),
  );
  return { log, changed, entries: log.entries() };
}

const message = (id: string, text: string): Happening => ({ type: 'message', data: { id, text } });
const tool = (progress: Partial<ToolProgress>): Happening => ({
  type: 'tool',
  data: { id: 't', name: 'bash', kind: 'execute', title: 'pnpm test', status: 'running', ...progress },
});
const done: Happening = { type: 'done', data: aTask() };

describe('the log of a task', () => {
  it('joins the pieces of a message, also around what happened meanwhile', () => {
    const { entries } = logOf(message('a', 'Hel'), tool({}), message('a', 'lo'), message('b', 'Bye'));
    expect(entries).toMatchObject([
      { id: 'log-T-1', kind: 'message', blocks: [{ spans: [{ text: 'Hello' }] }], isCut: false },
      { id: 'log-T-2', kind: 'tool' },
      { id: 'log-T-4', kind: 'message', blocks: [{ spans: [{ text: 'Bye' }] }] },
    ]);
  });

  it('has one row for each use of a tool, with how far it has come', () => {
    const { entries } = logOf(
      tool({}),
      tool({ id: 'u', title: 'Edit', path: 'src/a.ts', kind: 'edit', status: 'completed' }),
      tool({ status: 'failed', output: '\u001B[31mFAIL\u001B[0m a\nb\n' }),
    );
    expect(entries).toEqual([
      {
        id: 'log-T-1',
        kind: 'tool',
        icon: 'terminal',
        title: 'pnpm test',
        path: undefined,
        status: 'failed',
        output: 'FAIL a\nb',
      },
      {
        id: 'log-T-2',
        kind: 'tool',
        icon: 'pencil',
        title: 'Edit',
        path: 'src/a.ts',
        status: 'completed',
        output: undefined,
      },
    ]);
  });

  it('does not repeat a path that the title names', () => {
    const { entries } = logOf(tool({ title: 'Read src/a.ts', path: 'src/a.ts' }));
    expect(entries).toMatchObject([{ title: 'Read src/a.ts', path: undefined }]);
  });

  it('calls a tool by its name when it has no title', () => {
    expect(logOf(tool({ title: ' ', name: 'glob' })).entries).toMatchObject([{ title: 'glob' }]);
  });

  it('says when each step began, from the first event on', () => {
    const { entries } = logOf(
      { type: 'status', data: { phase: 'checkpoint', message: 'Saving the app' } },
      message('a', 'x'),
      { type: 'status', data: { phase: 'build', message: 'Building' } },
    );
    expect(entries.filter(({ kind }) => kind === 'step')).toMatchObject([
      { text: 'Saving the app', after: '0\u00A0s' },
      { text: 'Building', after: '2\u00A0s' },
    ]);
  });

  it('tells how the build went', () => {
    const { entries } = logOf({ type: 'build', data: { status: 'failed', message: 'TS2304' } });
    expect(entries).toMatchObject([{ kind: 'build', chip: { label: 'Build failed' }, output: 'TS2304' }]);
  });

  it('says of what was under way at the end that it is unfinished, and of nothing else', () => {
    const { entries, changed } = logOf(tool({}), tool({ id: 'u', status: 'completed' }), done);
    expect(entries).toMatchObject([{ status: 'unfinished' }, { status: 'completed' }]);
    expect(changed.at(-1)).toEqual(changed[0]);
  });

  it('cuts a long message and says so', () => {
    const { entries } = logOf(message('a', 'x'.repeat(30_000)), message('a', 'more'));
    const [entry] = entries;
    expect(entry).toMatchObject({ isCut: true, blocks: [{ spans: [{ text: 'x'.repeat(20_000) }] }] });
  });

  it('gives the last rows alone when there are many, and rows by what changed them', () => {
    const { log, changed } = logOf(message('a', '1'), message('b', '2'), message('a', '3'));
    expect(log.last(1)).toEqual({ keys: changed[1], omitted: 1 });
    expect(log.entries(changed[2])).toMatchObject([{ id: 'log-T-1' }]);
    expect(log.seq).toBe(3);
  });

  it('is not misled by ids that look like another row’s', () => {
    const { entries } = logOf(
      message('event 2', 'a'),
      { type: 'status', data: { phase: 'agent', message: 'b' } },
      tool({ id: 'x' }),
      message('tool x', 'c'),
    );
    expect(entries.map(({ kind }) => kind)).toEqual(['message', 'step', 'tool', 'message']);
  });
});
