import { beforeEach, describe, expect, it } from 'vitest';
import { hashSecret } from '../../src/domain/auth.ts';
import { SandboxdError } from '../../src/domain/errors.ts';
import { deleteSandbox } from '../../src/domain/sandbox-commands.ts';
import type { Task } from '../../src/domain/task.ts';
import { SUCCEEDED } from '../fakes/fake-tasks.ts';
import { OWNER } from '../fakes/rows.ts';
import { type TaskWorld, taskWorld, TEST_KEY } from '../fakes/task-world.ts';

const TOKEN = 'fake-token-of-alice';
const MISSING = '01JNEVERWAS000000000000000';
const STRANGERS_TOKEN = 'fake-token-of-a-stranger';
const configuredTokens = new Map([
  [await hashSecret(TOKEN), OWNER],
  [await hashSecret(STRANGERS_TOKEN), 'stranger'],
]);

let world: TaskWorld;
let tasks: string;
beforeEach(async () => {
  world = await taskWorld(['anthropic'], { configuredTokens });
  tasks = `/v1/sandboxes/${world.sandbox.id}/tasks`;
});

async function request(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  return world.app.request(path, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}
const get = (path: string, headers?: Record<string, string>) => request('GET', path, undefined, headers);
const json = async (answer: Response | Promise<Response>) =>
  (await (await answer).json()) as Record<string, unknown>;
const ids = (page: Record<string, unknown>) => (page['tasks'] as { id: string }[]).map(({ id }) => id);

async function ended(outcome: Parameters<TaskWorld['node']['finishTask']>[2] = {}): Promise<Task> {
  const task = await world.submit();
  world.inside.tell(task.id, { type: 'message', data: { id: 'm1', text: 'On it.\nNow.' } });
  world.inside.tell(task.id, { type: 'build', data: { status: 'passed' } });
  world.node.finishTask(world.sandbox.id, task.id, outcome, {
    input: 100,
    output: 20,
    reasoning: 5,
    cache_read: 50,
    cache_write: 10,
    total: 180,
    cost: 0,
  });
  await world.sync();
  return task;
}

interface Message {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: Record<string, unknown>;
}

/** The messages of a block of server-sent events. */
const messagesOf = (text: string): Message[] =>
  text
    .split('\n\n')
    .filter((block) => block.includes('data:'))
    .map((block) => {
      const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/) as [string, string]));
      return {
        id: fields.get('id'),
        event: fields.get('event'),
        data: JSON.parse(fields.get('data') ?? '{}') as Record<string, unknown>,
      };
    });
const follow = async (task: Task, query = '', headers: Record<string, string> = {}) =>
  messagesOf(await (await get(`${tasks}/${task.id}/events${query}`, headers)).text());
const numbers = (messages: Message[]) => messages.map(({ id, event }) => `${id} ${event}`);

describe('POST …/tasks', () => {
  it('accepts a task and says where to follow it', async () => {
    const answer = await request('POST', tasks, {
      prompt: 'Make the title red.',
      model: 'anthropic/claude-x',
    });
    const body = await json(answer);
    expect(answer.status).toBe(202);
    expect(body).toEqual({
      id: world.inside.activeId,
      sandbox_id: world.sandbox.id,
      status: 'running',
      agent: 'opencode',
      events_url: `${tasks}/${String(body['id'])}/events`,
    });
    const sandbox = await json(get(`/v1/sandboxes/${world.sandbox.id}`));
    expect(sandbox).toMatchObject({ active_task_id: body['id'] });
  });

  it('takes the id of its sandbox in either case', async () => {
    expect(
      (
        await request('POST', tasks.replace(world.sandbox.id, world.sandbox.id.toLowerCase()), {
          prompt: 'x',
        })
      ).status,
    ).toBe(202);
  });

  it.each([
    [400, 'prompt', {}],
    [400, 'prompt', { prompt: '  ' }],
    [400, 'agent', { prompt: 'x', agent: 'nobody' }],
    [400, 'timeout_s', { prompt: 'x', timeout_s: -1 }],
    [400, 'timeout_s', { prompt: 'x', timeout_s: 86_401 }],
    [400, 'model', { prompt: 'x', model: 'two words' }],
    [400, 'continue', { prompt: 'x', continue: 1 }],
    [400, 'image', { prompt: 'x', image: 'evil' }],
    [400, 'codex needs a key for openai; ', { prompt: 'x', agent: 'codex' }],
    [413, 'larger', { prompt: 'x'.repeat(2 ** 21) }],
  ])('answers %i to what it cannot take, and names it: %s', async (status, message, body) => {
    const answer = await request('POST', tasks, body);
    expect(answer.status).toBe(status);
    expect(await answer.text()).toMatch(new RegExp(message));
    expect(world.inside.assignments).toEqual([]);
    expect(ids(await json(get(tasks)))).toEqual([]);
  });

  it('takes the longest prompt there is from a client that escapes every character', async () => {
    const prompt = 'é'.repeat(200_000);
    const raw = JSON.stringify({ prompt }).replaceAll('é', '\\u00e9');
    const headers = { authorization: `Bearer ${TOKEN}` };
    expect((await world.app.request(tasks, { method: 'POST', headers, body: raw })).status).toBe(202);
    expect(world.inside.assignments[0]?.prompt).toBe(prompt);
  });

  it('answers 409 while another one runs, and so does a stop', async () => {
    const running = await world.submit();
    for (const path of [tasks, `/v1/sandboxes/${world.sandbox.id}/stop`]) {
      const answer = await request('POST', path, { prompt: 'x' });
      expect(answer.status).toBe(409);
      expect(await json(answer)).toMatchObject({ error: { code: 'task_in_progress', retryable: false } });
    }
    expect((await request('DELETE', `/v1/sandboxes/${world.sandbox.id}?workspace=keep`)).status).toBe(409);
    expect((await world.row(running))?.status).toBe('running');
    expect((await request('DELETE', `/v1/sandboxes/${world.sandbox.id}`)).status).toBe(204);
  });

  it.each([
    ['sandbox_capacity', 503, '30'],
    ['sandbox_unavailable', 502, null],
    ['node_unavailable', 503, null],
  ] as const)('answers %s as its node does', async (code, status, retryAfter) => {
    world.inside.failure = new SandboxdError(code, 'Not now.');
    const answer = await request('POST', tasks, { prompt: 'x' });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([status, retryAfter]);
    expect(await json(answer)).toMatchObject({ error: { code, message: 'Not now.', retryable: true } });
  });
});

describe('GET …/tasks', () => {
  it('is the result of a task, whole, also when the sandbox is gone', async () => {
    const task = await ended({
      status: 'failed',
      failure_reason: 'agent_error',
      error_message: 'It gave up.',
      build_status: 'failed',
      build_error_message: 'No.',
      preview_status_after: 'error',
      preview_ok: false,
      preview_error_message: 'Blank.',
      app_healthy: false,
      files_truncated: true,
      reported_cost: 0.75,
    });
    const expected = {
      id: task.id,
      sandbox_id: world.sandbox.id,
      app_id: world.sandbox.appId,
      status: 'failed',
      prompt: 'Make the title red.',
      agent: 'opencode',
      provider: 'anthropic',
      model: 'claude-sonnet-5-5',
      timeout_s: 600,
      failure_reason: 'agent_error',
      error_message: 'It gave up.',
      files_changed: ['src/App.tsx'],
      files_truncated: true,
      agent_message_final: 'Done.',
      build_status: 'failed',
      build_ok: false,
      build_error_message: 'No.',
      preview_status_after: 'error',
      preview_ok: false,
      app_healthy: false,
      preview_error_message: 'Blank.',
      checkpoint_id: SUCCEEDED.checkpoint_id,
      duration_ms: 2500,
      tokens: {
        input: 100,
        output: 20,
        reasoning: 5,
        cache_read: 50,
        cache_write: 10,
        total: 180,
        cost: 0.75,
      },
      created_at: '2030-01-02T03:04:05.000Z',
      started_at: '1970-01-01T00:00:01.000Z',
      finished_at: '1970-01-01T00:00:03.500Z',
    };
    expect(await json(get(`${tasks}/${task.id}`))).toEqual(expected);
    await deleteSandbox(world.ports, OWNER, world.sandbox.id);
    expect(await json(get(`${tasks}/${task.id.toLowerCase()}`))).toEqual(expected);
    expect(await json(get(tasks))).toEqual({ tasks: [expected] });
  });

  it('claims nothing of a task that runs', async () => {
    const task = await world.submit();
    const result = await json(get(`${tasks}/${task.id}`));
    expect(result).toMatchObject({
      status: 'running',
      files_changed: [],
      build_status: 'skipped',
      build_ok: false,
      app_healthy: false,
      duration_ms: 0,
      tokens: { total: 0, cost: 0 },
    });
    for (const field of ['finished_at', 'failure_reason', 'preview_ok', 'checkpoint_id'])
      expect(result).not.toHaveProperty(field);
  });

  it('never calls a build that was skipped a good one', async () => {
    const task = await ended({ build_status: 'skipped' });
    expect(await json(get(`${tasks}/${task.id}`))).toMatchObject({ build_ok: false, status: 'succeeded' });
  });

  it('lists them newest first, page by page', async () => {
    const made: string[] = [];
    for (let index = 0; index < 3; index += 1) made.unshift((await ended()).id);
    const first = await json(get(`${tasks}?limit=2`));
    const second = await json(get(`${tasks}?limit=2&before=${String(first['next_before'])}`));
    expect([...ids(first), ...ids(second)]).toEqual(made);
    expect(second).not.toHaveProperty('next_before');
  });

  it.each([
    [404, `/v1/sandboxes/${MISSING}/tasks`],
    [404, '{tasks}/{missing}'],
    [404, '{tasks}/no-id'],
    [404, '{tasks}/{missing}/events'],
    [404, '{tasks}/{missing}/log'],
    [404, '/v1/tasks/{missing}/events'],
    [400, '{tasks}?limit=0'],
    [400, '{tasks}?before=x'],
  ])('answers %i to %s', async (status, path) => {
    const url = path.replace('{tasks}', tasks).replace('{missing}', MISSING);
    expect((await get(url)).status).toBe(status);
  });

  it('finds a task in its own sandbox alone', async () => {
    const { id } = await ended();
    for (const suffix of ['', '/events', '/log', '/diff'])
      expect((await get(`/v1/sandboxes/${MISSING}/tasks/${id}${suffix}`)).status).toBe(404);
  });
});

describe('GET …/tasks/{id}/events', () => {
  it('is a stream of what happened, numbered, with times, and the result at its end', async () => {
    const task = await ended();
    const answer = await get(`${tasks}/${task.id}/events`);
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    const messages = messagesOf(await answer.text());
    expect(numbers(messages)).toEqual(['1 status', '2 message', '3 build', '4 done']);
    expect(messages[0]?.data).toEqual({
      phase: 'checkpoint',
      message: 'Saving the app',
      at: '1970-01-01T00:00:01.000Z',
    });
    expect(messages[1]?.data).toMatchObject({ id: 'm1', text: 'On it.\nNow.' });
    expect(messages[3]?.data).toEqual({
      ...(await json(get(`${tasks}/${task.id}`))),
      at: '1970-01-01T00:00:03.500Z',
    });
  });

  it('goes on after the number it is given, by the header before the query', async () => {
    const task = await ended();
    expect(numbers(await follow(task, '?since=2'))).toEqual(['3 build', '4 done']);
    expect(numbers(await follow(task, '', { 'last-event-id': '3' }))).toEqual(['4 done']);
    expect(numbers(await follow(task, '?since=x', { 'last-event-id': '3' }))).toEqual(['4 done']);
  });

  it('answers 204 to who has seen the end, so that a browser does not come back', async () => {
    const task = await ended();
    const answer = await get(`${tasks}/${task.id}/events?since=4`);
    expect([answer.status, await answer.text()]).toEqual([204, '']);
  });

  it.each([
    ['?since=x', {}],
    ['?since=-1', {}],
    ['?since=1.5', {}],
    ['?since=', {}],
    ['?since=1', { 'last-event-id': 'x' }],
    ['', { 'last-event-id': '9'.repeat(16) }],
  ])('answers 400 to a number that is none: %s %o', async (query, headers: Record<string, string>) => {
    const task = await ended();
    const answer = await get(`${tasks}/${task.id}/events${query}`, headers);
    expect(answer.status).toBe(400);
    const name = 'last-event-id' in headers ? 'Last-Event-ID' : 'since';
    expect(await json(answer)).toMatchObject({ error: { message: expect.stringMatching(`^${name}: `) } });
  });

  it('has the end alone when the sandbox is gone', async () => {
    const task = await ended();
    await deleteSandbox(world.ports, OWNER, world.sandbox.id);
    expect(numbers(await follow(task))).toEqual(['1 done']);
  });

  it('answers 503 when the node is away and the task runs', async () => {
    const task = await world.submit();
    world.node.reachable = false;
    const answer = await get(`${tasks}/${task.id}/events`);
    expect(answer.status).toBe(503);
    expect(await json(answer)).toMatchObject({ error: { code: 'node_unavailable' } });
  });

  it('says every 15 seconds that it is still there, and lets go of everything when its listener leaves', async () => {
    const task = await world.submit();
    const answer = await get(`${tasks}/${task.id}/events`);
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect.assert(reader !== undefined);
    expect(numbers(messagesOf((await reader.read()).value ?? ''))).toEqual(['1 status']);
    for (let beat = 0; beat < 2; beat += 1) {
      await expect.poll(() => world.time.pauses).toEqual([15_000]);
      world.advance(15_000);
      expect((await reader.read()).value).toBe(': heartbeat\n\n');
    }
    world.inside.tell(task.id, { type: 'message', data: { id: 'm1', text: 'Hello.' } });
    expect(numbers(messagesOf((await reader.read()).value ?? ''))).toEqual(['2 message']);
    await reader.cancel();
    await expect.poll(() => world.time.pauses).toEqual([]);
  });

  it('begins without a first event when there is none in time', async () => {
    const task = await world.submit();
    const asked = get(`${tasks}/${task.id}/events?since=1`);
    await expect.poll(() => world.time.pauses).toEqual([1000]);
    world.advance(1000);
    const answer = await asked;
    expect(answer.status).toBe(200);
    world.node.finishTask(world.sandbox.id, task.id);
    await world.sync();
    expect(numbers(messagesOf(await answer.text()))).toEqual(['2 done']);
    expect(world.time.pauses).toEqual([]);
  });

  it('ends with the failure when the node goes on the way', async () => {
    const task = await world.submit();
    world.inside.events = async function* () {
      yield { type: 'status', seq: 1, at: 0, data: { phase: 'agent', message: 'Working' } };
      throw new SandboxdError('node_unavailable', 'The node went away.');
    };
    const messages = await follow(task);
    expect(numbers(messages)).toEqual(['1 status', 'undefined error']);
    expect(messages[1]?.data).toMatchObject({ error: { code: 'node_unavailable' } });
  });
});

const eventsAt = async (path: string) =>
  (await json(get(path)))['events'] as { type: string; task_id?: string }[];

describe('what a task left behind', () => {
  it.each([
    ['log', 'raw output of the agent\n'],
    ['diff', '--- a/src/App.tsx\n+++ b/src/App.tsx\n'],
  ])('is text (%s), and 404 with a reason once the sandbox is gone', async (what, text) => {
    const task = await ended();
    const answer = await get(`${tasks}/${task.id}/${what}`);
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(await answer.text()).toBe(text);
    await deleteSandbox(world.ports, OWNER, world.sandbox.id);
    const gone = await get(`${tasks}/${task.id}/${what}`);
    expect(gone.status).toBe(404);
    expect(await gone.text()).toContain('gone');
  });

  it('is an activity log of its own', async () => {
    const task = await ended();
    const events = await eventsAt(`/v1/tasks/${task.id}/events`);
    expect(events.map(({ type }) => type)).toEqual(['task.completed', 'task.started']);
    expect(events.every(({ task_id }) => task_id === task.id)).toBe(true);
    const ofApp = await eventsAt(`/v1/apps/${String(world.sandbox.appId)}/events`);
    expect(ofApp.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['app.created', 'task.started', 'task.completed']),
    );
  });
});

describe('POST …/cancel and …/revert', () => {
  it('cancels a task that runs, and no other', async () => {
    const task = await world.submit();
    const answer = await request('POST', `${tasks}/${task.id}/cancel`);
    expect([answer.status, await json(answer)]).toEqual([200, { id: task.id, status: 'cancelling' }]);
    world.node.finishTask(world.sandbox.id, task.id, { status: 'cancelled', failure_reason: 'cancelled' });
    await world.sync();
    const again = await request('POST', `${tasks}/${task.id}/cancel`);
    expect(again.status).toBe(409);
    expect(await json(again)).toMatchObject({
      error: { code: 'conflict', message: expect.stringContaining('cancelled') },
    });
  });

  it('reverts a task that has ended, unless another one runs', async () => {
    const task = await ended();
    const answer = await request('POST', `${tasks}/${task.id}/revert`);
    expect([answer.status, await json(answer)]).toEqual([
      200,
      { checkpoint_id: 'd'.repeat(40), files_changed: ['src/App.tsx'] },
    ]);
    await world.submit();
    const meanwhile = await request('POST', `${tasks}/${task.id}/revert`);
    expect(meanwhile.status).toBe(409);
    expect(await json(meanwhile)).toMatchObject({ error: { code: 'task_in_progress' } });
  });

  it('undoes a revert by the checkpoint it answered, and has both on record', async () => {
    const task = await ended();
    const path = `${tasks}/${task.id}/revert`;
    const { checkpoint_id } = await json(request('POST', path, {}));
    world.inside.differing = [];
    const undone = await request('POST', path, { checkpoint_id });
    expect([undone.status, await json(undone)]).toEqual([
      200,
      { checkpoint_id: 'e'.repeat(40), files_changed: [] },
    ]);
    expect(world.inside.restored).toEqual([checkpoint_id]);
    const ofApp = await eventsAt(`/v1/apps/${String(world.sandbox.appId)}/events`);
    const about = { type: 'task.reverted', severity: 'info', task_id: task.id, sandbox_id: world.sandbox.id };
    expect(ofApp.slice(0, 2)).toMatchObject([
      {
        ...about,
        message: 'The app was put back to a checkpoint: nothing changed.',
        payload: { files_changed: 0 },
      },
      {
        ...about,
        message: 'The app was put back to what it was before a task: 1 file changed.',
        payload: { files_changed: 1 },
      },
    ]);
    const ofTask = await eventsAt(`/v1/tasks/${task.id}/events`);
    expect(ofTask.slice(0, 2)).toEqual(ofApp.slice(0, 2));
  });

  it.each([
    [400, 'checkpoint_id: must be 40–64 lower-case', { checkpoint_id: 'c'.repeat(39) }],
    [400, 'checkpoint_id: must be 40–64 lower-case', { checkpoint_id: 'c'.repeat(65) }],
    [400, 'checkpoint_id: must be 40–64 lower-case', { checkpoint_id: 'C'.repeat(40) }],
    [400, 'checkpoint_id: must be 40–64 lower-case', { checkpoint_id: `${'c'.repeat(40)}\n` }],
    [400, 'checkpoint_id: must be 40–64 lower-case', { checkpoint_id: '--output=/etc/passwd' }],
    [400, 'checkpoint_id: must be a string', { checkpoint_id: 7 }],
    [400, 'checkpoint_id: must be a string', { checkpoint_id: null }],
    [400, 'The body must be a JSON object.', ['c'.repeat(40)]],
    [404, 'No such checkpoint.', { checkpoint_id: 'a'.repeat(40) }],
    [413, 'larger', { checkpoint_id: 'c'.repeat(2 ** 20) }],
  ])('answers %i to a revert that says %s', async (status, message, body) => {
    const task = await ended();
    const answer = await request('POST', `${tasks}/${task.id}/revert`, body);
    expect(answer.status).toBe(status);
    expect(await answer.text()).toContain(message);
    expect(world.inside.reverted).toEqual([]);
    const types = (await eventsAt(`/v1/tasks/${task.id}/events`)).map(({ type }) => type);
    expect(types).not.toContain('task.reverted');
  });

  it('puts nothing back for a stranger, whatever checkpoint he names', async () => {
    const task = await ended();
    const path = `${tasks}/${task.id}/revert`;
    const { checkpoint_id } = await json(request('POST', path));
    const authorization = `Bearer ${STRANGERS_TOKEN}`;
    for (const body of [undefined, { checkpoint_id }])
      expect((await request('POST', path, body, { authorization })).status).toBe(404);
    expect(world.inside.reverted).toEqual([task.id]);
  });
});

const providers = async () =>
  (
    (await json(get('/v1/agents')))['providers'] as {
      id: string;
      connected: boolean;
      key_set_at?: string;
    }[]
  ).map(({ id, connected, key_set_at }) => [id, connected, key_set_at]);

describe('/v1/agents', () => {
  it('lists what is known, installed and connected', async () => {
    expect(await json(get('/v1/agents'))).toEqual({
      agents: [
        {
          id: 'opencode',
          label: 'opencode',
          default: true,
          installed: true,
          providers: ['opencode', 'anthropic', 'openai', 'openai-compatible'],
        },
        {
          id: 'claude-code',
          label: 'Claude Code',
          default: false,
          installed: true,
          providers: ['anthropic'],
        },
        {
          id: 'codex',
          label: 'Codex',
          default: false,
          installed: false,
          providers: ['openai', 'openai-compatible'],
        },
      ],
      providers: [
        { id: 'anthropic', label: 'Anthropic', connected: true, key_set_at: '2030-01-02T03:04:05.000Z' },
        { id: 'openai', label: 'OpenAI', connected: false },
        { id: 'opencode', label: 'opencode Zen', connected: false },
        { id: 'openai-compatible', label: 'OpenAI-compatible', connected: false },
      ],
    });
  });

  it('lists them also while no node can be asked what is installed', async () => {
    world.node.reachable = false;
    const answer = await get('/v1/agents');
    expect(answer.status).toBe(200);
    expect(await answer.text()).not.toContain('installed');
  });

  it('takes a key, and forgets it again', async () => {
    const path = '/v1/agents/openai';
    const set = await request('POST', `${path}/api-key`, { api_key: `${TEST_KEY}-2` });
    expect([set.status, await set.text()]).toEqual([204, '']);
    expect(await providers()).toContainEqual(['openai', true, '2030-01-02T03:04:05.000Z']);
    for (let time = 0; time < 2; time += 1)
      expect((await request('POST', `${path}/disconnect`)).status).toBe(204);
    expect(await providers()).toContainEqual(['openai', false, undefined]);
  });

  it.each([
    ['nothing', {}],
    ['an empty key', { api_key: '' }],
    ['a number', { api_key: 7 }],
    ['a key with a space', { api_key: `${TEST_KEY} x` }],
    ['a key with a line break', { api_key: `${TEST_KEY}\n` }],
    ['a key with a letter no header carries', { api_key: `${TEST_KEY}é` }],
    ['a key that is too long', { api_key: TEST_KEY.padEnd(4097, 'x') }],
  ])('refuses %s, and does not repeat it', async (_, body) => {
    const answer = await request('POST', '/v1/agents/openai/api-key', body);
    const text = await answer.text();
    expect(answer.status).toBe(400);
    expect(text).toContain('api_key');
    expect(text).not.toContain(TEST_KEY);
    expect(await providers()).toContainEqual(['openai', false, undefined]);
  });

  it.each(['api-key', 'disconnect'])('answers 404 to a provider that is none (%s)', async (what) => {
    const answer = await request('POST', `/v1/agents/nobody/${what}`, { api_key: TEST_KEY });
    expect(answer.status).toBe(404);
  });
});

describe('a key', () => {
  it('appears in no answer, row, event or log, whatever goes wrong', async () => {
    const answers: string[] = [];
    const ask = async (...args: Parameters<typeof request>) =>
      answers.push(await (await request(...args)).text());
    await ask('POST', '/v1/agents/anthropic/api-key', { api_key: TEST_KEY });
    world.inside.failure = new SandboxdError('sandbox_unavailable', 'It did not start.');
    await ask('POST', tasks, { prompt: 'x' });
    world.inside.failure = new SandboxdError('internal', 'It failed.', { cause: new Error('deep') });
    await ask('POST', tasks, { prompt: 'x' });
    const task = await ended();
    for (const path of ['/v1/agents', tasks, `${tasks}/${task.id}/events`, `${tasks}/${task.id}/log`])
      await ask('GET', path);
    const events = await world.ports.store.events.list(OWNER, { limit: 200 });
    const credential = await world.ports.store.credentials.find(OWNER, 'anthropic');
    const rows = await world.ports.store.tasks.list(OWNER, { limit: 200 });
    const logged = world.logged.map(({ message, cause }) => `${message} ${String(cause)}`);
    const everything = [
      ...answers,
      JSON.stringify({ events, credential, rows, assignments: world.inside.assignments }),
      ...logged,
    ].join('\n');
    expect(everything).toContain('It did not start.');
    expect(everything).not.toContain(TEST_KEY);
    expect(world.node.upstreams.map(({ key }) => key)).toEqual([TEST_KEY]);
  });
});
