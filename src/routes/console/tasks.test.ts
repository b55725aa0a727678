import { beforeEach, describe, expect, it } from 'vitest';
import { OWNER } from '../../../tests/fakes/rows.ts';
import { type TaskWorld, taskWorld } from '../../../tests/fakes/task-world.ts';
import { signedInVisitor, type Visitor } from '../../../tests/fakes/visitor.ts';
import { createApp } from '../../domain/app-commands.ts';
import { SandboxdError } from '../../domain/errors.ts';
import { deleteSandbox, stopSandbox } from '../../domain/sandbox-commands.ts';
import type { Task, TaskOutcome, TaskUsage } from '../../domain/task.ts';

const HOSTILE = `"><script>alert('x')</script><img src=x onerror=alert(1)>`;
const PARTIAL = { 'hx-request': 'true' };

let world: TaskWorld;
let visitor: Visitor;
let path = '';

beforeEach(async () => {
  world = await taskWorld();
  visitor = await signedInVisitor(world, OWNER);
  path = `/apps/${world.sandbox.appId}`;
});

const text = async (answer: Promise<Response>) => (await answer).text();
/** The checkpoint that an offer to undo carries. */
const undoIn = (page: string) => /name="checkpoint_id" value="([^"]*)"/.exec(page)?.[1];
const pathOf = ({ id }: Task) => `${path}/tasks/${id}`;

async function finish(task: Task, outcome: Partial<TaskOutcome> = {}, usage?: TaskUsage): Promise<void> {
  world.node.finishTask(world.sandbox.id, task.id, outcome, usage);
  await world.sync();
}

async function ended(outcome: Partial<TaskOutcome> = {}, prompt?: string): Promise<Task> {
  const task = await world.submit(prompt === undefined ? {} : { prompt });
  await finish(task, outcome);
  return task;
}

/** What the stream of a task's events tells until it ends. */
const events = async (task: Task, headers: Record<string, string> = {}, query = '') => {
  const answer = await visitor.get(`${pathOf(task)}/events${query}`, {
    accept: 'text/event-stream',
    ...headers,
  });
  expect(answer.headers.get('content-type')).toBe('text/event-stream');
  return answer.text();
};

/** A task with two messages, the first one in two pieces. */
async function talkative(): Promise<Task> {
  const task = await world.submit();
  world.inside.tell(task.id, { type: 'message', data: { id: 'a', text: 'One ' } });
  world.inside.tell(task.id, { type: 'message', data: { id: 'a', text: 'two' } });
  world.inside.tell(task.id, { type: 'message', data: { id: 'b', text: 'Three' } });
  await finish(task);
  return task;
}

/** What a form's field holds when it comes back. */
const promptIn = (page: string) => /<textarea[^>]*>\s*([^<]*)<\/textarea>/.exec(page)?.[1];

describe('the prompt box', () => {
  it('offers the agents that can work, and says why others cannot', async () => {
    const page = await text(visitor.get(path));
    expect(page).toMatch(/<option value="opencode" selected>opencode<\/option>/);
    expect(page).toMatch(/<option value="claude-code">Claude Code<\/option>/);
    expect(page).toMatch(/<option value="codex" disabled>Codex \(not in the image\)<\/option>/);
    expect(page).toContain(`action="${path}/tasks"`);
    expect(page).not.toContain('id="prompt-empty"');
  });

  it('offers the agent that worked last', async () => {
    await finish(await world.submit({ agent: 'claude-code' }));
    expect(await text(visitor.get(path))).toContain('<option value="claude-code" selected>');
  });

  it('leads to where keys are set while there is none', async () => {
    world = await taskWorld([]);
    visitor = await signedInVisitor(world, OWNER);
    const here = `/apps/${world.sandbox.appId}`;
    const page = await text(visitor.get(here));
    expect(page).toMatch(/opencode<\/strong> – no key set/);
    expect(page).toMatch(/Codex<\/strong> – not in the image/);
    expect(page).toContain(`href="/agents?next=${here}"`);
    expect(page).not.toContain('<textarea');
  });

  it('asks for no key where no agent could use one', async () => {
    world.node.installed = [];
    const page = await text(visitor.get(path));
    expect(page).toContain('The operator of this server chooses the image');
    expect(page).not.toContain('Set a key');
  });

  it('is there while the node is away, and says that nothing can begin', async () => {
    world.node.reachable = false;
    const page = await text(visitor.get(path));
    expect(page).toContain('Its node is out of reach: a task cannot begin right now.');
    expect(page).toMatch(/<option value="opencode" selected>/);
  });

  it('says that sending wakes a sandbox that sleeps', async () => {
    expect(await text(visitor.get(path))).not.toContain('wakes it');
    await stopSandbox(world.ports, OWNER, world.sandbox.id);
    const page = await text(visitor.get(path));
    expect(page).toContain('It is asleep: sending wakes it first.');
    expect(page).toMatch(/<form id="prompt-form"[^>]* data-doing="Starting"/);
  });

  it.each([
    ['paused', 'It is paused: sending lets it go on.'],
    ['error', 'It could not be started: sending tries again.'],
  ] as const)('says what sending comes to in other states: %s', async (state, said) => {
    world.node.change(world.sandbox.id, { state });
    expect(await text(visitor.get(path))).toContain(said);
  });
});

describe('sending a prompt', () => {
  it('begins a task with what the form says, and leads to the page that shows it', async () => {
    const answer = await visitor.post(`${path}/tasks`, {
      prompt: 'Make it red.\r\nAnd big.',
      agent: 'claude-code',
      model: ' claude-opus-4-1 ',
      minutes: '2.5',
      fresh: 'yes',
    });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, path]);
    expect(world.inside.assignments).toMatchObject([
      {
        prompt: 'Make it red.\nAnd big.',
        agent: 'claude-code',
        model: 'claude-opus-4-1',
        timeout_s: 150,
        continue: false,
      },
    ]);
  });

  it('needs nothing but the prompt', async () => {
    await visitor.post(`${path}/tasks`, {
      prompt: 'Make it red.',
      agent: 'opencode',
      model: '',
      minutes: '',
    });
    expect(world.inside.assignments).toMatchObject([{ timeout_s: 600, continue: true, agent: 'opencode' }]);
  });

  it('takes prompts far longer than any other field', async () => {
    const prompt = '語'.repeat(200_000);
    expect((await visitor.post(`${path}/tasks`, { prompt })).status).toBe(303);
    expect(world.inside.assignments[0]?.prompt).toHaveLength(200_000);
    expect((await visitor.post(`${path}/tasks/x`, { prompt })).status).toBe(413);
  });

  it('creates the sandbox of an app that has none', async () => {
    const app = await createApp(world.ports, OWNER, { name: 'Bare', description: '', tags: [] });
    expect(await text(visitor.get(`/apps/${app.id}`))).toContain('sending creates one first');
    expect((await visitor.post(`/apps/${app.id}/tasks`, { prompt: 'Begin.' })).status).toBe(303);
    const page = await text(visitor.get(`/apps/${app.id}`));
    expect(page).toContain('Working on it');
    expect(page).not.toContain('No sandbox yet');
  });

  const REFUSALS: [what: string, fields: Record<string, string>, status: number, said: string][] = [
    ['no prompt', { prompt: ' \r\n ' }, 400, 'The prompt must not be empty.'],
    ['a time that is none', { minutes: 'soon' }, 400, 'The time limit must be from 1 to 1440 minutes.'],
    ['no time at all', { minutes: '0' }, 400, 'The time limit must be from 1 to 1440 minutes.'],
    ['a negative time', { minutes: '-1' }, 400, 'The time limit must be from 1 to 1440 minutes.'],
    ['too much time', { minutes: '1441' }, 400, 'The time limit must be from 1 to 1440 minutes.'],
    ['a model with a space', { model: 'a b' }, 400, 'The model must be 1–200 printable ASCII characters'],
    ['an unknown agent', { agent: 'eliza' }, 400, 'The agent must be one of opencode'],
    ['an agent that is not there', { agent: 'codex' }, 400, 'The image of this server does not carry Codex.'],
  ];

  it.each(REFUSALS)(
    'that cannot be done says so beside it, and keeps it: %s',
    async (_, fields, status, said) => {
      const answer = await visitor.post(`${path}/tasks`, { prompt: 'Make it red.', ...fields });
      const page = await answer.text();
      expect(answer.status).toBe(status);
      expect(page).toMatch(new RegExp(`id="prompt-problem"[^>]*>.*${said.replaceAll('.', '\\.')}`, 's'));
      expect(promptIn(page)?.trim()).toBe((fields['prompt'] ?? 'Make it red.').trim());
      expect(page).toContain(
        `name="minutes" type="text" inputmode="decimal" maxlength="7" autocomplete="off" value="${fields['minutes'] ?? ''}"`,
      );
      expect(page).not.toContain('http-equiv="refresh"');
      expect(world.inside.assignments).toEqual([]);
    },
  );

  const FAILURES: [code: 'sandbox_capacity' | 'sandbox_unavailable', status: number][] = [
    ['sandbox_capacity', 503],
    ['sandbox_unavailable', 502],
  ];

  it.each(FAILURES)('that the node refuses says so beside it, and keeps it: %s', async (code, status) => {
    world.inside.failure = new SandboxdError(code, 'Not now.');
    const answer = await visitor.post(`${path}/tasks`, { prompt: 'Make it red.' });
    const page = await answer.text();
    expect(answer.status).toBe(status);
    expect(page).toMatch(/id="prompt-problem"[^>]*>.*Not now\./s);
    expect(promptIn(page)).toBe('Make it red.');
    expect(page).not.toContain('Working on it');
    expect(world.logged.map(({ level }) => level)).toContain('warn');
  });

  it('to a node that is away keeps the prompt, and does not say that nothing runs', async () => {
    world.node.reachable = false;
    const answer = await visitor.post(`${path}/tasks`, { prompt: 'Make it red.' });
    const page = await answer.text();
    expect(answer.status).toBe(503);
    expect(promptIn(page)).toBe('Make it red.');
    expect(page).toMatch(/id="prompt-problem"[^>]*>.*If the task has begun all the same, it shows here\./s);
    expect(page).toContain('Working on it');
  });

  it('while another task runs is refused, keeps the prompt, and stays on the page', async () => {
    await world.submit();
    const answer = await visitor.post(`${path}/tasks`, { prompt: 'Make it blue.' });
    const page = await answer.text();
    expect(answer.status).toBe(409);
    expect(promptIn(page)).toBe('Make it blue.');
    expect(page).toContain('Working on it');
    expect(page).not.toContain('http-equiv="refresh"');
  });

  it('that fails from a page with scripts goes to the form alone', async () => {
    const answer = await visitor.post(`${path}/tasks`, { prompt: '' }, PARTIAL);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('hx-retarget')).toBe('#prompt-problem');
    const body = await answer.text();
    expect(body).toContain('The prompt must not be empty.');
    expect(body).not.toContain('<html');
  });
});

describe('a task that runs', () => {
  it('is on the page of its app, with what has happened so far and a way to cancel', async () => {
    const task = await world.submit({ prompt: 'Make it red.' });
    world.inside.tell(task.id, { type: 'message', data: { id: 'a', text: 'I will **look** first.' } });
    world.inside.tell(task.id, {
      type: 'tool',
      data: { id: 't', name: 'read', kind: 'read', title: 'Read src/App.tsx', status: 'running' },
    });
    world.advance(65_000);
    const page = await text(visitor.get(path));
    expect(page).toContain('Working on it');
    expect(page).toContain('for 1\u00A0min 5\u00A0s');
    expect(page).toContain('I will <strong>look</strong> first.');
    expect(page).toContain('<bdi>Read src/App.tsx</bdi>');
    expect(page).toContain(`action="${pathOf(task)}/cancel"`);
    expect(page).toContain('http-equiv="refresh"');
    expect(page).toMatch(/id="prompt-busy"[^>]* disabled/);
    expect(page).not.toContain('id="prompt-send"');
    expect(page).toContain('data-since="3"');
    expect(page).not.toContain('id="verdict-');
    expect(page).not.toContain('Succeeded');
  });

  it('tells a page with scripts its log by events alone', async () => {
    const task = await world.submit();
    world.inside.tell(task.id, { type: 'message', data: { id: 'a', text: 'Hello.' } });
    for (const where of [path, pathOf(task)]) {
      const page = await text(visitor.get(where, PARTIAL));
      expect(page).toContain(`data-log="${pathOf(task)}/events" data-since="0"`);
      expect(page).not.toContain('Hello.');
    }
  });

  it('is shown without its log when that cannot be read', async () => {
    const task = await world.submit();
    world.node.reachable = false;
    for (const where of [path, pathOf(task)]) {
      const answer = await visitor.get(where);
      expect(answer.status).toBe(200);
      expect(await answer.text()).toContain('The log cannot be read right now.');
    }
  });

  it('shows the end of a long log, and says how much is before it', async () => {
    const task = await world.submit();
    for (let n = 1; n <= 600; n += 1) {
      world.inside.tell(task.id, { type: 'message', data: { id: `m${n}`, text: `line ${n}.` } });
    }
    const page = await text(visitor.get(path));
    expect(page).toContain('101 earlier entries are left out');
    expect(page).not.toContain('<p>line 100.</p>');
    expect(page).toContain('<p>line 101.</p>');
    expect(page).toContain('<p>line 600.</p>');
  });

  it('is cancelled', async () => {
    const task = await world.submit();
    const answer = await visitor.post(`${pathOf(task)}/cancel`);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, path]);
    expect(world.inside.endings).toEqual([{ reason: 'cancelled' }]);
    const fromItsPage = await visitor.post(`${pathOf(task)}/cancel`, { from: 'task' });
    expect(fromItsPage.status).toBe(303);
    expect(fromItsPage.headers.get('location')).toBe(pathOf(task));
  });

  it('cannot be cancelled once it has ended', async () => {
    const task = await ended();
    const answer = await visitor.post(`${pathOf(task)}/cancel`);
    expect(answer.status).toBe(409);
    expect(await answer.text()).toContain('This task has ended already');
  });
});

describe('the events of a task', () => {
  it('are rows as the page has them, then the end', async () => {
    const told = await events(await talkative());
    expect(told).toMatch(/event: entries\n/);
    expect(told).toContain('<p>One two</p>');
    expect(told).toContain('<p>Three</p>');
    expect(told.trim()).toMatch(/event: done\ndata:$/);
  });

  it.each([
    ['?since=2', {}],
    ['?since=0', { 'last-event-id': '2' }],
  ])('go on after what was seen, with the whole of what goes on: %s', async (query, headers) => {
    const told = await events(await talkative(), headers, query);
    expect(told).toContain('<p>One two</p>');
    expect(told).toContain('<p>Three</p>');
    expect(told).not.toContain('Saving the app');
  });

  it('are over for who has seen all of them, and for a task whose sandbox is gone', async () => {
    const task = await talkative();
    expect((await events(task, {}, '?since=99')).trim()).toBe('event: done\ndata:');
    await deleteSandbox(world.ports, OWNER, world.sandbox.id);
    expect((await events(task)).trim()).toBe('event: done\ndata:');
  });

  it('are cut off with a reason when the node is away', async () => {
    const task = await world.submit();
    world.node.reachable = false;
    expect(await events(task)).toMatch(/event: error\ndata: .*node_unavailable/);
  });
});

describe('a task that has ended', () => {
  const VERDICTS: [what: string, outcome: Partial<TaskOutcome>, said: string[], not: string[]][] = [
    ['it went well', {}, ['Succeeded', 'Build passed', 'Preview serves', 'App healthy'], ['Failed']],
    [
      'its build failed',
      { build_status: 'failed', build_error_message: 'TS2304: no Cart', app_healthy: false },
      ['Build failed', 'TS2304: no Cart', 'App not healthy'],
      ['Build passed', 'App healthy'],
    ],
    [
      'its preview went down',
      {
        preview_status_after: 'down',
        preview_ok: false,
        preview_error_message: 'refused',
        app_healthy: false,
      },
      ['Preview down', 'What the preview said', 'refused'],
      ['Preview serves'],
    ],
    ['its preview answers with errors', { preview_ok: false }, ['Preview down'], ['Preview serves']],
    ['there is no preview', { preview_status_after: 'none' }, ['No preview'], ['Preview serves']],
    ['the build was skipped', { build_status: 'skipped' }, ['Build skipped'], ['Build passed']],
    [
      'its provider refused',
      { status: 'failed', failure_reason: 'provider_error', error_message: 'Credit balance too low' },
      ['Failed: the provider refused', 'Credit balance too low'],
      ['Succeeded'],
    ],
    [
      'it took too long',
      { status: 'failed', failure_reason: 'agent_timeout' },
      ['Failed: out of time'],
      ['Succeeded'],
    ],
    [
      'it was cancelled',
      { status: 'cancelled', failure_reason: 'cancelled', build_status: 'skipped', app_healthy: true },
      ['Cancelled', 'Build skipped'],
      ['Succeeded', 'Preview serves', 'App healthy', 'App not healthy'],
    ],
    [
      'it was lost',
      {
        status: 'failed',
        failure_reason: 'sandbox_unavailable',
        error_message: 'The node lost the task.',
        build_status: 'skipped',
        preview_status_after: 'down',
        app_healthy: false,
      },
      ['Failed: the sandbox was lost', 'The node lost the task.'],
      ['Succeeded', 'Preview down', 'App healthy'],
    ],
  ];

  it.each(VERDICTS)('says how, on both pages: %s', async (_, outcome, said, not) => {
    const task = await ended(outcome);
    for (const where of [path, pathOf(task)]) {
      const page = await text(visitor.get(where));
      const verdict = page.slice(page.indexOf('id="verdict-'), page.indexOf('id="changes"'));
      for (const words of said) expect(verdict).toContain(words);
      for (const words of not) expect(verdict).not.toContain(words);
    }
  });

  it('says what it changed, what it took, and what the agent said last', async () => {
    const task = await world.submit();
    const usage = {
      input: 10_000,
      output: 2345,
      reasoning: 0,
      cache_read: 0,
      cache_write: 0,
      total: 12_345,
      cost: 0.0734,
    };
    await finish(task, { agent_message_final: 'It is `red` now.' }, usage);
    const page = await text(visitor.get(path));
    expect(page).toContain('It is <code>red</code> now.');
    expect(page).toContain('1 file changed');
    expect(page).toContain('<bdi>src/App.tsx</bdi>');
    expect(page).toContain('12,345 tokens (10,000 in, 2,345 out) · $0.0734');
    expect(page).toContain('took 2\u00A0s');
    expect(page).not.toContain('http-equiv="refresh"');
    expect(page).toMatch(/id="prompt-send" type="submit">/);
  });

  it('names the agent’s own reckoning as such where nothing else tells a price', async () => {
    await ended({ reported_cost: 0.5 });
    expect(await text(visitor.get(path))).toContain('$0.50 by the agent’s reckoning');
  });

  it('has a page with its log, its changes, its transcript, and the way back', async () => {
    const task = await world.submit();
    world.inside.tell(task.id, { type: 'message', data: { id: 'a', text: 'I looked.' } });
    await finish(task);
    world.inside.diff = async () =>
      Buffer.from('--- a/src/App.tsx\n+++ b/src/App.tsx\n@@ -1 +1 @@\n-<h1>\n+<h1 class="red">\n');
    const page = await text(visitor.get(pathOf(task)));
    expect(page).toContain('I looked.');
    expect(page).toContain(
      '<ins class="diff-line"><span class="diff-number">1</span>+&lt;h1 class=&quot;red&quot;&gt;</ins>',
    );
    expect(page).toContain('<del class="diff-line"><span class="diff-number">1</span>-&lt;h1&gt;</del>');
    expect(page).toContain(`href="${pathOf(task)}/log"`);
    expect(page).toContain(`href="${pathOf(task)}/revert"`);
    expect(page).toMatch(/data-over data-complete>/);
    expect(page).not.toContain('data-poll');
    const log = await visitor.get(`${pathOf(task)}/log`);
    expect(log.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(await log.text()).toBe('raw output of the agent\n');
  });

  it.each([
    ['node_unavailable', 'The changes cannot be read right now.'],
    ['not_found', 'It is gone.'],
  ] as const)('has a page also without its changes: %s', async (code, said) => {
    const task = await ended();
    world.inside.diff = () => Promise.reject(new SandboxdError(code, 'It is gone.'));
    const answer = await visitor.get(pathOf(task));
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain(said);
  });

  it('outlives its sandbox, without a log and without a way back', async () => {
    const task = await ended();
    await deleteSandbox(world.ports, OWNER, world.sandbox.id);
    const page = await text(visitor.get(pathOf(task)));
    expect(page).toContain('Succeeded');
    expect(page).toContain('Nothing is left of its log');
    expect(page).toContain('The sandbox of this task is gone');
    expect(page).not.toContain('/revert"');
  });

  it('whose check found that nothing builds is told of where the preview would be', async () => {
    world.node.change(world.sandbox.id, {
      preview: { status: 'error', build_error_message: '\u001B[31mTS2304\u001B[0m: no Cart' },
    });
    const page = await text(visitor.get(path));
    expect(page).toMatch(/id="stage-message".*The build fails.*TS2304: no Cart/s);
    expect(page).toContain('<title>Todo list · Build failed · sandboxd</title>');
    expect(page).not.toContain('<iframe');
  });
});

describe('reverting a task', () => {
  it('asks first, says what is lost, and then says what was done', async () => {
    const task = await ended();
    const question = await text(visitor.get(`${pathOf(task)}/revert`));
    expect(question).toContain('everything that was changed after it');
    expect(world.inside.reverted).toEqual([]);
    const answer = await visitor.post(`${pathOf(task)}/revert`);
    const saved = 'd'.repeat(40);
    expect([answer.status, answer.headers.get('location')]).toEqual([
      303,
      `${pathOf(task)}?reverted=1&undo=${saved}`,
    ]);
    expect(world.inside.reverted).toEqual([task.id]);
    expect(await text(visitor.get(answer.headers.get('location') ?? ''))).toContain('1 file was put back.');
    expect(await text(visitor.get(path))).toContain('The app was put back to what it was before a task');
  });

  it('can be undone where it is told, and that too', async () => {
    const task = await ended();
    let [answer, goal] = [await visitor.post(`${pathOf(task)}/revert`), ''];
    for (const [index, said] of ['before this task', 'before that revert'].entries()) {
      const page = await text(visitor.get(answer.headers.get('location') ?? ''));
      expect(page).toContain(`The app is as it was ${said}. 1 file was put back.`);
      goal = undoIn(page) ?? '';
      answer = await visitor.post(`${pathOf(task)}/revert`, { checkpoint_id: goal });
      expect(answer.status).toBe(303);
      expect(world.inside.restored[index]).toBe(goal);
    }
    expect(answer.headers.get('location')).toBe(`${pathOf(task)}?undone=1&undo=${'f'.repeat(40)}`);
  });

  it.each([
    ['reverted', 'before this task already: no file had to be put back.'],
    ['undone', 'before that revert already: no file had to be put back.'],
  ])('says that there was nothing to put back, and offers no way back from that: %s', async (what, said) => {
    const task = await ended();
    world.inside.differing = [];
    const { headers } = await visitor.post(`${pathOf(task)}/revert`);
    const page = await text(visitor.get((headers.get('location') ?? '').replace('reverted', what)));
    expect(page).toContain(said);
    expect(page).not.toContain('0 files');
    expect(undoIn(page)).toBeUndefined();
  });

  it('offers no undoing while a task runs', async () => {
    const task = await ended();
    const { headers } = await visitor.post(`${pathOf(task)}/revert`);
    await world.submit();
    const page = await text(visitor.get(headers.get('location') ?? ''));
    expect(page).toContain('1 file was put back.');
    expect(undoIn(page)).toBeUndefined();
  });

  it.each([HOSTILE, 'D'.repeat(40), 'd'.repeat(39), `${'d'.repeat(40)}\n`, ''])(
    'is not undone by what is no checkpoint: %s',
    async (undo) => {
      const task = await ended();
      const page = await text(visitor.get(`${pathOf(task)}?${new URLSearchParams({ reverted: '1', undo })}`));
      expect(undoIn(page)).toBeUndefined();
      expect(page).not.toContain('<img src=x');
      expect((await visitor.post(`${pathOf(task)}/revert`, { checkpoint_id: undo })).status).toBe(400);
      expect(world.inside.reverted).toEqual([]);
    },
  );

  it('finds no checkpoint that is not kept', async () => {
    const task = await ended();
    const answer = await visitor.post(`${pathOf(task)}/revert`, { checkpoint_id: 'a'.repeat(40) });
    expect(answer.status).toBe(404);
    expect(world.inside.reverted).toEqual([]);
  });

  it('is not offered and not done while a task runs', async () => {
    const task = await ended();
    await world.submit();
    expect(await text(visitor.get(pathOf(task)))).not.toContain('/revert"');
    expect((await visitor.post(`${pathOf(task)}/revert`)).status).toBe(409);
    expect(world.inside.reverted).toEqual([]);
  });

  it('is not offered for one that never began', async () => {
    const task = await ended({ checkpoint_id: undefined });
    expect(await text(visitor.get(pathOf(task)))).not.toContain('/revert"');
  });

  it.each(['<script>', '1e9', '-1', '9'.repeat(40)])(
    'says nothing that an address made up: %s',
    async (count) => {
      const task = await ended();
      const page = await text(visitor.get(`${pathOf(task)}?reverted=${encodeURIComponent(count)}`));
      expect(page).not.toContain('The app is as it was');
      expect(page).not.toContain('<script>');
    },
  );
});

describe('the history of an app', () => {
  it('has every task once, newest first, by the first line of its prompt', async () => {
    for (let n = 0; n < 45; n += 1) await ended({}, `\n  Prompt number ${n}\nand more`);
    const recent = await text(visitor.get(path));
    expect(recent).toMatch(/Prompt number 43<\/bdi>.*Prompt number 39<\/bdi>.*All tasks/s);
    const seen: string[] = [];
    let next: string | undefined = `${path}/tasks`;
    while (next !== undefined) {
      const page: string = await text(visitor.get(next));
      seen.push(...[...page.matchAll(/<bdi>Prompt number (\d+)<\/bdi>/g)].map(([, n = '']) => n));
      next = /rel="next" href="([^"]+)"/.exec(page)?.[1];
    }
    expect(seen).toEqual(Array.from({ length: 45 }, (_, n) => String(44 - n)));
  });

  it('tells how each went, and leads to it', async () => {
    const task = await ended({ status: 'failed', failure_reason: 'agent_error' });
    const page = await text(visitor.get(`${path}/tasks`));
    expect(page).toContain(`href="${pathOf(task)}"`);
    expect(page).toContain('Failed: the agent gave up');
    expect(page).toContain('opencode');
  });

  it('may be empty', async () => {
    expect(await text(visitor.get(`${path}/tasks`))).toContain('No agent has worked here yet.');
  });
});

describe('somebody else’s task', () => {
  it.each([
    ['get', ''],
    ['get', '/events'],
    ['get', '/log'],
    ['get', '/revert'],
    ['post', '/cancel'],
    ['post', '/revert'],
  ] as const)('is not there: %s %s', async (method, action) => {
    const task = await world.submit({ prompt: 'A secret plan' });
    const rival = await signedInVisitor(world, 'rival');
    const answer = await rival[method](pathOf(task) + action);
    const body = await answer.text();
    expect(answer.status).toBe(404);
    expect(body).not.toContain('secret plan');
    const missing = await rival[method](`${path}/tasks/01ARZ3NDEKTSV4RRFFQ69G5FAV${action}`);
    expect(await missing.text()).toBe(body);
    expect([world.inside.endings, world.inside.reverted]).toEqual([[], []]);
  });

  it('can neither be listed nor begun', async () => {
    await world.submit({ prompt: 'A secret plan' });
    const rival = await signedInVisitor(world, 'rival');
    expect((await rival.get(`${path}/tasks`)).status).toBe(404);
    expect((await rival.post(`${path}/tasks`, { prompt: 'Mine.' })).status).toBe(404);
    expect(world.inside.assignments).toHaveLength(1);
  });

  it('is not there below another app either', async () => {
    const task = await ended();
    const other = await createApp(world.ports, OWNER, { name: 'Other', description: '', tags: [] });
    for (const action of ['', '/events', '/log', '/revert']) {
      expect((await visitor.get(`/apps/${other.id}/tasks/${task.id}${action}`)).status).toBe(404);
    }
  });

  it.each(['/tasks', '/tasks/x/cancel', '/tasks/x/revert'])(
    'is not touched by a forged form: %s',
    async (action) => {
      const task = await world.submit();
      const target = path + action.replace('x', task.id);
      for (const [fields, headers] of [
        [{ csrf_token: '' }, {}],
        [{}, { origin: 'https://evil.example' }],
      ] as const) {
        expect((await visitor.post(target, { prompt: 'Forged', ...fields }, headers)).status).toBe(403);
      }
      expect(world.inside.assignments).toHaveLength(1);
      expect([world.inside.endings, world.inside.reverted]).toEqual([[], []]);
    },
  );
});

describe('hostile text', () => {
  it('of prompts, agents, tools, results and diffs is text everywhere', async () => {
    const task = await world.submit({ prompt: HOSTILE });
    const tool = { id: HOSTILE, name: HOSTILE, kind: 'execute', status: 'completed' } as const;
    world.inside.tell(task.id, { type: 'status', data: { phase: 'agent', message: HOSTILE } });
    world.inside.tell(task.id, {
      type: 'message',
      data: { id: HOSTILE, text: `${HOSTILE}\n\n\`\`\`\n${HOSTILE}` },
    });
    world.inside.tell(task.id, {
      type: 'tool',
      data: { ...tool, title: HOSTILE, path: '<script>alert(2)', output: HOSTILE },
    });
    world.inside.tell(task.id, { type: 'build', data: { status: 'failed', message: HOSTILE } });
    const running = await text(visitor.get(path));
    await finish(task, {
      files_changed: [HOSTILE],
      agent_message_final: HOSTILE,
      error_message: HOSTILE,
      build_error_message: HOSTILE,
      preview_error_message: HOSTILE,
    });
    world.inside.diff = async () =>
      Buffer.from(`--- /dev/null\n+++ b/${HOSTILE}\n@@ -0,0 +1 @@\n+${HOSTILE}\n`);
    const pages = [
      running,
      await text(visitor.get(path)),
      await text(visitor.get(pathOf(task))),
      await text(visitor.get(`${pathOf(task)}/events`)),
      await text(visitor.get(`${path}/tasks`)),
    ];
    for (const page of pages) {
      expect(page).toContain('&lt;script&gt;alert');
      expect(page).not.toContain('<script>alert');
      expect(page).not.toContain('<img src=x');
    }
  });

  it('in a refused prompt comes back as text', async () => {
    const fields = { prompt: `</textarea>${HOSTILE}`, model: HOSTILE, minutes: HOSTILE };
    const page = await text(visitor.post(`${path}/tasks`, fields));
    expect(page).toContain('&lt;/textarea&gt;');
    expect(page).not.toContain('<script>alert');
  });
});
