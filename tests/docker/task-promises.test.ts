import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DUMMY_KEY } from '../../src/domain/provider.ts';
import { TASKS_DIRECTORY } from '../../src/domain/task.ts';
import { visitUntil } from '../harness/http.ts';
import { AgentBench, Desk, EDITED, KEY, type TaskResult } from '../harness/agent-bench.ts';

const LIMIT_MS = 180_000;
const AGENT = 'claude-code';
const run = promisify(execFile);

let bench: AgentBench;
let desk: Desk;

beforeAll(async () => {
  bench = await AgentBench.make([AGENT]);
  desk = await Desk.at(bench, AGENT, 'react-vite');
  await visitUntil(200, desk.url, LIMIT_MS);
});
afterAll(() => bench?.[Symbol.asyncDispose]());

const api = (method: string, path: string, body?: object) =>
  bench.site.api(method, `/v1/sandboxes/${desk.sandbox}${path}`, { body: body && JSON.stringify(body) });
const cancel = async (task: string) => {
  await api('POST', `/tasks/${task}/cancel`);
  return desk.ended(task);
};
/** Undoes what an agent writes. */
const UNEDITED = `cd ~/workspace/app && sed -i 's/${EDITED}/It runs/' src/App.tsx`;

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
    const task = await desk.busyTask();
    expect(JSON.parse((await api('GET', '')).text)).toMatchObject({
      status: 'running',
      active_task_id: task,
      awake_because: ['a task runs'],
    });
    const second = await api('POST', '/tasks', { prompt: 'Another one', agent: AGENT });
    expect([second.status, second.text]).toEqual([409, expect.stringContaining('task_in_progress')]);
    const stop = await api('POST', '/stop');
    expect([stop.status, stop.text]).toEqual([409, expect.stringContaining('task_in_progress')]);
    expect(await cancel(task)).toMatchObject({ status: 'cancelled' });
    expect((await api('GET', '')).text).not.toContain('active_task_id');
  });
});

describe('the key of a provider', () => {
  it('is found nowhere in the sandbox while its agent works', { timeout: LIMIT_MS }, async () => {
    const task = await desk.busyTask();
    // What a thief would look through: every process's environment and command line, all mounts and all files in them.
    // The key is written in two halves, not to be found in the very command that looks for it.
    const search = `
      { cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline /proc/mounts; env;
        find / ~ /run/sandboxd /run/sandboxd-provider /tmp /var/tmp -xdev -type f -size -20M -not -path '/proc/*' -not -path '/sys/*' -not -path '*/node_modules/*' \\
          -not -path '/opt/*' -not -path '/usr/*' -print0 | xargs -0 cat; } 2>/dev/null > /tmp/found
      echo key: $(grep -acF '${KEY.slice(0, 9)}''${KEY.slice(9)}' /tmp/found); echo dummy: $(grep -acF '${DUMMY_KEY}' /tmp/found); rm /tmp/found`;
    const found = await desk.shell(search);
    expect(found).toMatch(/key: 0\n/);
    expect(found).toMatch(/dummy: [1-9]/);
    await cancel(task);
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
    const path = 'finished.txt';
    await desk.shell(`rm -f ${path}`);
    const task = await desk.busyTask();
    const before = await desk.events(task, { enough: ({ event }) => event === 'tool' });
    await bench.site.kill();
    await bench.site.up();
    expect(JSON.parse((await api('GET', `/tasks/${task}`)).text)).toMatchObject({ status: 'running' });
    // What the agent waits for comes to its end, and so does the agent.
    await desk.shell(`pkill -f '^tail -f /dev/null'; echo done > ${path}`);
    const rest = await desk.events(task, { since: before.at(-1)?.id ?? 0 });
    const all = [...before, ...rest];
    expect(all.map(({ id }) => id)).toEqual(all.map((_, index) => index + 1));
    expect(all.filter(({ event }) => event === 'done')).toHaveLength(1);
    const result = await desk.result(task);
    expect(result).toMatchObject({ status: 'succeeded', files_changed: [path] });
    expect(await desk.happened(task)).toEqual(['task.completed', 'task.started']);
  });

  it('ends the task honestly when the sandbox died meanwhile', { timeout: LIMIT_MS }, async () => {
    const task = await desk.busyTask();
    await bench.site.kill();
    const { containers } = await bench.site.inEngine();
    const sandboxes = await Promise.all(containers.map((id) => bench.site.docker.getContainer(id).inspect()));
    const mine = sandboxes.find(({ Config }) => Config.Env.includes(`SANDBOXD_SANDBOX_ID=${desk.sandbox}`));
    await bench.site.docker.getContainer(mine?.Id ?? '').kill();
    await bench.site.up();
    const result = await desk.ended(task);
    expect(result).toMatchObject({ status: 'failed', failure_reason: 'sandbox_unavailable' });
    expect((await desk.events(task)).map(({ event }) => event)).toContain('tool');
  });
});

describe('what a task leaves behind', () => {
  const git = `cd ~/workspace/app && find .git -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum`;

  it('is nothing in the repository of the app', { timeout: LIMIT_MS }, async () => {
    await desk.shell(
      `cd ~/workspace/app && git init -q -b main && git config user.email a@example.com && git config user.name A &&
       git add -A && git commit -qm first && echo stashed >> README.txt && git add README.txt && git stash -q &&
       echo staged > staged.txt && git add staged.txt && git checkout -q --detach`,
    );
    const before = await desk.shell(git);
    await desk.shell(UNEDITED);
    const result = await desk.work('ok');
    expect(result).toMatchObject({ status: 'succeeded', files_changed: ['src/App.tsx'] });
    expect(await desk.shell(git)).toBe(before);
    const refs = await desk.shell(
      'cd ~/workspace/app && git log --branches --all --format=%D; git for-each-ref',
    );
    expect(refs).not.toContain('sandboxd');
  });

  it('is taken back as a whole, and so is that', { timeout: LIMIT_MS }, async () => {
    await desk.shell(UNEDITED);
    const before = await desk.shell(git);
    const task = await desk.submit('ok');
    await desk.ended(task);
    await desk.shell('echo later > ~/workspace/app/later.txt');
    expect(await desk.shell('cat ~/workspace/app/src/App.tsx')).toContain('changed by an agent');
    const reverted = JSON.parse((await api('POST', `/tasks/${task}/revert`)).text) as TaskResult;
    expect(reverted).toMatchObject({ files_changed: ['later.txt', 'src/App.tsx'] });
    expect(reverted.checkpoint_id).toMatch(/^[0-9a-f]{40}$/);
    expect(await desk.shell('cd ~/workspace/app; cat src/App.tsx; ls')).not.toMatch(/changed by|later/);
    const undo = await api('POST', `/tasks/${task}/revert`, { checkpoint_id: reverted.checkpoint_id });
    expect(JSON.parse(undo.text)).toMatchObject({ files_changed: ['later.txt', 'src/App.tsx'] });
    const undone = await desk.shell('cd ~/workspace/app; cat src/App.tsx later.txt');
    expect(undone).toMatch(/changed by an agent[^]*later/);
    expect(await desk.shell(git)).toBe(before);
  });
});
