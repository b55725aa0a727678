import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DUMMY_KEY } from '../../src/domain/provider.ts';
import { TASKS_DIRECTORY } from '../../src/domain/task.ts';
import { visitUntil } from '../harness/http.ts';
import { AgentBench, KEY, type TaskResult } from './agent-bench.ts';

const LIMIT_MS = 180_000;
const AGENT = 'claude-code';
const run = promisify(execFile);

let bench: AgentBench;
let box: { id: string; preview: { url: string } };

beforeAll(async () => {
  bench = await AgentBench.make([AGENT]);
  box = await bench.newSandbox('promises');
  await visitUntil(200, box.preview.url, LIMIT_MS);
});
afterAll(() => bench?.[Symbol.asyncDispose]());

const submit = (more: object = {}) => bench.submit(box.id, AGENT, { timeout_s: 120, ...more });
const api = (method: string, path: string, body?: object) =>
  bench.site.api(method, `/v1/sandboxes/${box.id}${path}`, { body: body && JSON.stringify(body) });

/** A task in the middle of a shell command that never ends. */
async function workingTask(): Promise<string> {
  bench.provider(AGENT).scenario = 'bash';
  const task = await submit();
  await bench.events(box.id, task, {
    enough: ({ event, data }) => event === 'tool' && data['kind'] === 'execute',
  });
  return task;
}

describe('a task that is submitted', () => {
  it.for([
    [{ prompt: '' }, 'prompt'],
    [{ prompt: ' \n' }, 'prompt'],
    [{}, 'prompt'],
    [{ prompt: 'x', timeout_s: -1 }, 'timeout_s'],
    [{ prompt: 'x', timeout_s: 86_401 }, 'timeout_s'],
    [{ prompt: 'x', timeout_s: 1.5 }, 'timeout_s'],
    [{ prompt: 'x', agent: 'hal' }, 'agent'],
    [{ prompt: 'x', agent: 'codex' }, 'POST /v1/agents/openai/api-key'],
  ] as const)('as %j is refused, and %s named', async ([body, named]) => {
    const { status, text } = await api('POST', '/tasks', body);
    expect(status).toBe(400);
    expect(text).toContain(named);
    expect((await api('GET', '/tasks')).text).toBe('{"tasks":[]}');
  });

  it('wakes a sandbox that sleeps, and keeps another one out', { timeout: LIMIT_MS }, async () => {
    await api('POST', '/stop');
    const task = await workingTask();
    expect(JSON.parse((await api('GET', '')).text)).toMatchObject({
      status: 'running',
      active_task_id: task,
      awake_because: ['a task runs'],
    });
    const second = await api('POST', '/tasks', { prompt: 'Another one', agent: AGENT });
    expect([second.status, second.text]).toEqual([409, expect.stringContaining('task_in_progress')]);
    const stop = await api('POST', '/stop');
    expect([stop.status, stop.text]).toEqual([409, expect.stringContaining('task_in_progress')]);
    await api('POST', `/tasks/${task}/cancel`);
    expect(await bench.ended(box.id, task)).toMatchObject({ status: 'cancelled' });
    expect((await api('GET', '')).text).not.toContain('active_task_id');
  });
});

describe('the key of a provider', () => {
  it('is found nowhere in the sandbox while its agent works', { timeout: LIMIT_MS }, async () => {
    const task = await workingTask();
    // What a thief would look through: every process's environment and command line, all files, all mounts.
    const search = `
      { cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline /proc/mounts; env;
        find / -xdev -type f -size -20M -not -path '/proc/*' -not -path '/sys/*' -not -path '*/node_modules/*' \\
          -not -path '/opt/*' -not -path '/usr/*' -print0 | xargs -0 cat; } 2>/dev/null > /tmp/found
      echo key: $(grep -acF '${KEY}' /tmp/found); echo dummy: $(grep -acF '${DUMMY_KEY}' /tmp/found); rm /tmp/found`;
    const found = await bench.shell(
      box.id,
      search.replace(KEY, `'"$(printf %s ${KEY.slice(0, 9)})${KEY.slice(9)}"'`),
    );
    expect(found).toMatch(/key: 0\n/);
    expect(found).toMatch(/dummy: [1-9]/);
    await api('POST', `/tasks/${task}/cancel`);
    await bench.ended(box.id, task);
  });

  it('is found nowhere outside of it: not by the engine, in the workspace, the database, or a log', async () => {
    const { containers } = await bench.site.inEngine();
    const inspected = await Promise.all(containers.map((id) => bench.site.docker.getContainer(id).inspect()));
    expect(JSON.stringify(inspected)).toContain('SANDBOXD_SANDBOX_ID');
    expect(JSON.stringify(inspected)).not.toContain(KEY);
    const { stdout } = await run('bash', [
      '-c',
      `grep -rlaF -- "$0" "$1" --exclude-dir=node_modules --exclude-dir=layers; grep -rlaF -- "$2" "$1/sandboxes" | wc -l`,
      KEY,
      bench.site.dataDir,
      TASKS_DIRECTORY.split('/').at(-1) ?? '',
    ]);
    // No file with the key, and files do come under the search.
    expect(stdout.trim()).toMatch(/^[1-9]\d*$/);
    for (const path of ['/tasks', '']) expect((await api('GET', path)).text).not.toContain(KEY);
    expect((await bench.site.api('GET', '/v1/agents')).text).not.toContain(KEY);
  });
});

describe('a server that is killed in the middle of a task', () => {
  it('tells its true end when it is back, and every event once', { timeout: LIMIT_MS }, async () => {
    bench.provider(AGENT).scenario = 'bash';
    const path = 'finished.txt';
    await bench.shell(box.id, `rm -f ${path}`);
    const task = await workingTask();
    const before = await bench.events(box.id, task, { enough: ({ event }) => event === 'tool' });
    await bench.site.kill();
    await bench.site.up();
    expect(JSON.parse((await api('GET', `/tasks/${task}`)).text)).toMatchObject({ status: 'running' });
    // What the agent waits for comes to its end, and so does the agent.
    bench.provider(AGENT).scenario = 'ok';
    await bench.shell(box.id, `pkill -f '^tail -f /dev/null'; echo done > ${path}`);
    const rest = await bench.events(box.id, task, { since: before.at(-1)?.id ?? 0 });
    const all = [...before, ...rest];
    expect(all.map(({ id }) => id)).toEqual(all.map((_, index) => index + 1));
    expect(all.filter(({ event }) => event === 'done')).toHaveLength(1);
    const result = await bench.result(box.id, task);
    expect(result).toMatchObject({ status: 'succeeded', files_changed: [path] });
    const said = await bench.site.json<{ events: { type: string }[] }>('GET', `/v1/tasks/${task}/events`);
    expect(said.events.map(({ type }) => type)).toEqual(['task.completed', 'task.started']);
  });

  it('ends the task honestly when the sandbox died meanwhile', { timeout: LIMIT_MS }, async () => {
    const task = await workingTask();
    await bench.site.kill();
    const { containers } = await bench.site.inEngine();
    const sandboxes = await Promise.all(containers.map((id) => bench.site.docker.getContainer(id).inspect()));
    const mine = sandboxes.find(({ Config }) => Config.Env.includes(`SANDBOXD_SANDBOX_ID=${box.id}`));
    await bench.site.docker.getContainer(mine?.Id ?? '').kill();
    await bench.site.up();
    const result = await bench.ended(box.id, task);
    expect(result).toMatchObject({ status: 'failed', failure_reason: 'sandbox_unavailable' });
    expect((await bench.events(box.id, task)).map(({ event }) => event)).toContain('tool');
  });
});

describe('what a task leaves behind', () => {
  const git = `cd ~/workspace/app && find .git -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum`;

  it('is nothing in the repository of the app', { timeout: LIMIT_MS }, async () => {
    await bench.shell(
      box.id,
      `cd ~/workspace/app && git init -q -b main && git config user.email a@example.com && git config user.name A &&
       git add -A && git commit -qm first && echo stashed >> README.txt && git add README.txt && git stash -q &&
       echo staged > staged.txt && git add staged.txt && git checkout -q --detach`,
    );
    const before = await bench.shell(box.id, git);
    bench.provider(AGENT).scenario = 'ok';
    await bench.shell(
      box.id,
      `cd ~/workspace/app && sed -i 's/It was changed by an agent/It runs/' src/App.tsx`,
    );
    const result = await bench.ended(box.id, await submit());
    expect(result).toMatchObject({ status: 'succeeded', files_changed: ['src/App.tsx'] });
    expect(await bench.shell(box.id, git)).toBe(before);
    const refs = await bench.shell(
      box.id,
      'cd ~/workspace/app && git log --branches --all --format=%D; git for-each-ref',
    );
    expect(refs).not.toContain('sandboxd');
  });

  it('is taken back as a whole, and so is that', { timeout: LIMIT_MS }, async () => {
    await bench.shell(
      box.id,
      `cd ~/workspace/app && sed -i 's/It was changed by an agent/It runs/' src/App.tsx`,
    );
    const before = await bench.shell(box.id, git);
    const task = await submit();
    await bench.ended(box.id, task);
    await bench.shell(box.id, 'echo later > ~/workspace/app/later.txt');
    expect(await bench.shell(box.id, 'cat ~/workspace/app/src/App.tsx')).toContain('changed by an agent');
    const reverted = JSON.parse((await api('POST', `/tasks/${task}/revert`)).text) as TaskResult;
    expect(reverted).toMatchObject({ files_changed: ['later.txt', 'src/App.tsx'] });
    expect(reverted.checkpoint_id).toMatch(/^[0-9a-f]{40}$/);
    expect(await bench.shell(box.id, 'cd ~/workspace/app; cat src/App.tsx; ls')).not.toMatch(
      /changed by|later/,
    );
    expect(await bench.shell(box.id, git)).toBe(before);
  });
});
