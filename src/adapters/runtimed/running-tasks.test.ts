import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SandboxRuntime } from '../../domain/runtime.ts';
import { CONTROL_SOCKET } from '../../domain/runtimed.ts';
import type { TaskAssignment, TaskEvent } from '../../domain/task.ts';
import { connectRuntime } from './connect.ts';

const TASK = '01JTASK0000000000000000001';
const ASSIGNMENT: TaskAssignment = {
  id: TASK,
  prompt: 'Make it blue',
  agent: 'opencode',
  provider: 'anthropic',
  timeout_s: 600,
  continue: true,
};
const DONE = {
  status: 'succeeded',
  files_changed: [],
  build_status: 'skipped',
  preview_status_after: 'ready',
  app_healthy: true,
  started_at: 1,
  finished_at: 2,
};
const message = (seq: unknown, content = 'Hello') =>
  `${JSON.stringify({ seq, at: 1, type: 'message', data: { id: 'm', text: content } })}\n`;
const done = (seq: number, changed = {}) =>
  `${JSON.stringify({ seq, at: 2, type: 'done', data: { ...DONE, ...changed } })}\n`;

describe('the tasks of a sandbox that answers in the place of runtimed', () => {
  let directory: string;
  let server: Server | undefined;
  let runtime: SandboxRuntime;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sandboxd-tasks-'));
    runtime = connectRuntime(directory);
  });
  afterEach(async () => {
    await runtime[Symbol.asyncDispose]();
    server?.closeAllConnections();
    await new Promise((resolve) => (server?.listening ? server.close(resolve) : resolve(undefined)));
    await rm(directory, { recursive: true });
  });

  async function listen(answer: RequestListener): Promise<void> {
    server = createServer(answer);
    await new Promise<void>((resolve) => server?.listen(join(directory, CONTROL_SOCKET), resolve));
  }
  it('tells the end also to who asks for what comes after it', async () => {
    await tell(done(3));
    expect(await heard(500)).toMatchObject([{ seq: 3, type: 'done' }]);
  });

  const tell = (...lines: string[]) => listen((_, response) => response.end(lines.join('')));
  async function heard(since = 0): Promise<TaskEvent[]> {
    const events: TaskEvent[] = [];
    for await (const event of runtime.tasks.events(TASK, since, new AbortController().signal)) {
      events.push(event);
    }
    return events;
  }
  const refused = { code: 'sandbox_unavailable' };

  it('are told up to their end, and not a word beyond', async () => {
    await tell(message(3), done(4), message(5), done(6));
    expect((await heard(2)).map(({ seq, type }) => `${seq} ${type}`)).toEqual(['3 message', '4 done']);
  });

  it.each([
    ['begin again', [message(1), message(1)]],
    ['go backwards', [message(2), message(1)]],
    ['have no number', [message('1')]],
    ['have a number that is none', [message(Number.MAX_SAFE_INTEGER + 2)]],
    ['are of no known kind', ['{"seq":1,"at":1,"type":"key","data":{}}\n']],
    ['are no JSON', ['hello\n']],
    ['end in no known way', [done(1, { status: 'running' })]],
    ['ended before there was time', [done(1, { finished_at: -1 })]],
    ['break off before their end', [message(1)]],
  ])('are not believed when they %s', async (_, lines) => {
    await tell(...lines);
    await expect(heard()).rejects.toMatchObject(refused);
  });

  it('are not heard for ever', async () => {
    await listen((_, response) => {
      let seq = 0;
      const go = () => {
        while (response.write(message((seq += 1), 'x'.repeat(60_000))));
      };
      response.on('drain', go);
      go();
    });
    await expect(heard()).rejects.toMatchObject(refused);
  });

  it('have no line without an end', async () => {
    await listen((_, response) => {
      const go = () => {
        while (response.write('x'.repeat(60_000)));
      };
      response.on('drain', go);
      go();
    });
    await expect(heard()).rejects.toMatchObject(refused);
  });

  it('are let go of when their listener leaves', async () => {
    const left = Promise.withResolvers<void>();
    await listen((_, response) => {
      response.write(message(1));
      response.on('close', left.resolve);
    });
    const leaving = new AbortController();
    for await (const { seq } of runtime.tasks.events(TASK, 0, leaving.signal)) {
      expect(seq).toBe(1);
      leaving.abort();
    }
    await left.promise;
  });

  it('are submitted, ended and taken back as the protocol has it', async () => {
    const asked: string[] = [];
    const bodies: Promise<string>[] = [];
    await listen((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      bodies.push(text(request));
      response
        .writeHead(request.url?.endsWith('revert') ? 200 : 202)
        .end(JSON.stringify({ id: TASK, checkpoint_id: 'a'.repeat(40), files_changed: ['a'] }));
    });
    await runtime.tasks.submit({ assignment: ASSIGNMENT, env: { TOKEN: 'test-key-not-real' } });
    await runtime.tasks.end(TASK, { reason: 'cancelled' });
    expect(await runtime.tasks.revert(TASK)).toEqual({
      checkpoint_id: 'a'.repeat(40),
      files_changed: ['a'],
    });
    await runtime.tasks.revert(TASK, 'b'.repeat(40));
    const revert = `POST /v1/tasks/${TASK}/revert`;
    expect(asked).toEqual(['POST /v1/tasks', `POST /v1/tasks/${TASK}/end`, revert, revert]);
    const sent = (await Promise.all(bodies)).map((body) => JSON.parse(body) as unknown);
    expect(sent).toEqual([
      { ...ASSIGNMENT, env: { TOKEN: 'test-key-not-real' } },
      { reason: 'cancelled' },
      {},
      { checkpoint_id: 'b'.repeat(40) },
    ]);
  });

  it('cannot speak for another part of the system', async () => {
    await listen((_, response) => {
      const error = { code: 'unauthorized', message: 'Log in again.', retryable: false };
      response.writeHead(401).end(JSON.stringify({ error }));
    });
    await expect(runtime.tasks.submit({ assignment: ASSIGNMENT, env: {} })).rejects.toMatchObject(refused);
    await expect(runtime.tasks.revert(TASK)).rejects.toMatchObject(refused);
  });
});
