import { createServer } from 'node:http';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isAlive } from '../testing/alive.ts';
import { manifest, type SandboxSetup, startSandbox } from '../testing/sandbox.ts';
import { DONE, saying, scriptedAgents } from '../testing/scripted-agent.ts';
import { TaskClient } from '../testing/tasks.ts';
import { until } from '../testing/until.ts';

const APP = {
  'sandbox.yaml': manifest({ workers: [{ name: 'w', command: 'sleep 600' }], build: { command: 'true' } }),
};
/** Stays, whatever is said to it politely. */
const STUBBORN = `trap '' TERM; echo ready; while :; do sleep 1; done`;
/** Children that have left: with the mark, and without it and without their parent. */
const RUNAWAYS = `
setsid bash -c 'echo $$ >> pids; sleep 300' &
env -i setsid /bin/bash -c 'echo $$ >> pids; /bin/sleep 300' &
env -i setsid /bin/bash -c '/bin/bash -c "echo \\$\\$ \\$PPID > orphan; echo \\$\\$ >> pids; exec /bin/sleep 300" & until [ -s orphan ]; do /bin/sleep 0.1; done; /bin/sleep 1' &
`;

const parentOf = async (pid: number) =>
  Number(/^PPid:\t(\d+)$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]);

async function start(setup: SandboxSetup = {}) {
  const sandbox = await startSandbox({ ...setup, app: { ...APP, ...setup.app } });
  const pids = async (count: number) =>
    until(async () => {
      const found = (await sandbox.client.read('pids')).trim().split('\n').map(Number);
      return found.length === count && found;
    });
  return {
    ...sandbox,
    tasks: new TaskClient(sandbox.client),
    pids,
    async [Symbol.asyncDispose]() {
      // Those that a failure has left: nobody else would end them.
      const runaways = await readFile(join(sandbox.app, 'pids'), 'utf8').catch(() => '');
      await sandbox[Symbol.asyncDispose]();
      for (const pid of runaways.split('\n').filter(Boolean).map(Number))
        if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    },
  };
}

describe('an agent that is cancelled', () => {
  test('is gone with everything it has started, wherever that went, and nothing it wrote is lost', async () => {
    await using it = await start();
    const id = await it.tasks.begin(`echo half > a.txt; ${RUNAWAYS} ${STUBBORN}`);
    await it.tasks.said(id, 'ready');
    const pids = await it.pids(3);
    // What it was started by leaves after a second: then nothing tells any more where it comes from.
    const [orphan = 0, parent] = (await it.client.read('orphan')).trim().split(' ').map(Number);
    await until(async () => (await parentOf(orphan)) !== parent);
    const began = performance.now();
    expect((await it.tasks.end(id, { reason: 'cancelled' })).status).toBe(202);
    const events = await it.tasks.events(id);
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(events.at(-1)?.data).toMatchObject({
      status: 'cancelled',
      failure_reason: 'cancelled',
      files_changed: ['a.txt', 'orphan', 'pids'],
      build_status: 'skipped',
    });
    expect(events.map(({ data }) => ('phase' in data ? data.phase : '')).filter(Boolean)).toEqual([
      'checkpoint',
      'agent',
      'result',
    ]);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(await it.client.read('a.txt')).toBe('half\n');
    expect(await it.tasks.log(id)).toContain('ready');
  });

  test('before it has begun is never started', async () => {
    await using it = await start();
    const id = await it.tasks.begin(`touch started; ${DONE}`);
    await it.tasks.end(id, { reason: 'cancelled' });
    expect(await it.tasks.outcome(id)).toMatchObject({ status: 'cancelled' });
    expect((await it.tasks.run(DONE)).status).toBe('succeeded');
  });
});

test('an agent that says it is done is ended too, with what it has started', async () => {
  await using it = await start();
  const outcome = await it.tasks.run(
    `${RUNAWAYS} until [ "$(wc -l < pids)" = 3 ]; do sleep 0.05; done; ${DONE}; ${STUBBORN}`,
  );
  expect(outcome).toMatchObject({ status: 'succeeded', build_status: 'passed', app_healthy: true });
  expect((await it.pids(3)).filter(isAlive)).toEqual([]);
});

test('what an agent has started is gone in the end, also what left it before anybody looked', async () => {
  await using it = await start({ timings: { familyPoll: 60_000 } });
  const daemon = `(env -i setsid /bin/bash -c 'echo $$ >> pids; exec /bin/sleep 300' &) </dev/null >/dev/null 2>&1`;
  const outcome = await it.tasks.run(`${daemon}; until [ -s pids ]; do sleep 0.05; done; ${DONE}`);
  expect(outcome.status).toBe('succeeded');
  expect((await it.pids(1)).filter(isAlive)).toEqual([]);
});

test('an agent whose provider turned it away ends with the provider’s words, and the app is still looked at', async () => {
  await using it = await start();
  const id = await it.tasks.begin(STUBBORN);
  await it.tasks.said(id, 'ready');
  await it.tasks.end(id, { reason: 'provider_error', message: 'Your credit is used up.' });
  expect(await it.tasks.outcome(id)).toMatchObject({
    status: 'failed',
    failure_reason: 'provider_error',
    error_message: 'Your credit is used up.',
    build_status: 'passed',
    app_healthy: true,
  });
});

test('an agent that says in time that it is done has not taken too long, however slowly it leaves', async () => {
  await using it = await start({ timings: { agentGrace: 6000 } });
  const outcome = await it.tasks.run(`${DONE}; ${STUBBORN}`, { timeout_s: 5 });
  expect(outcome).toMatchObject({ status: 'succeeded' });
});

test('an agent that takes too long is ended', async () => {
  await using it = await start();
  const outcome = await it.tasks.run(`echo half > a.txt; ${STUBBORN}`, { timeout_s: 3 });
  expect(outcome).toMatchObject({
    status: 'failed',
    failure_reason: 'agent_timeout',
    error_message: 'The agent was ended after 3 s without having finished.',
    files_changed: ['a.txt'],
    build_status: 'passed',
  });
});

describe('an agent that fails', () => {
  test.each([
    [
      'killed',
      'echo out of luck >&2; kill -9 $$',
      /^The agent stopped before it had finished\. It exited with code 137 \(SIGKILL\)\. It said:\nout of luck$/,
    ],
    ['that just stops', 'echo some words', /^The agent stopped before it had finished\.$/],
    ['that exits', 'echo no >&2; exit 3', /exited with code 3\. It said:\nno$/],
    [
      'with a reason of its own',
      `${saying({ verdict: { ok: false, error: 'I cannot do that.' } })}; exit 1`,
      /^I cannot do that\. It exited with code 1\.$/,
    ],
  ])('%s', async (_how, script, message) => {
    await using it = await start();
    expect(await it.tasks.run(script)).toMatchObject({
      status: 'failed',
      failure_reason: 'agent_error',
      error_message: expect.stringMatching(message) as unknown,
      build_status: 'passed',
      app_healthy: true,
    });
  });

  test('whose driver fails does not take anything else with it', async () => {
    const broken = {
      id: 'opencode' as const,
      prepare: () => Promise.reject(new Error('no room')),
      follow: () => Promise.reject(new Error('lost')),
    };
    await using it = await start({ agents: new Map([['opencode', () => Promise.resolve(broken)]]) });
    expect(await it.tasks.run(DONE)).toMatchObject({ status: 'failed', failure_reason: 'internal' });
  });

  test('whose driver cannot be loaded is not started, and another one is', async () => {
    const missing = new Error('Cannot find module');
    const agents = new Map([...scriptedAgents, ['opencode', () => Promise.reject(missing)]] as const);
    await using it = await start({ agents });
    expect(await it.tasks.run(DONE)).toMatchObject({
      status: 'failed',
      failure_reason: 'internal',
      error_message: 'The agent could not be run in the sandbox (Cannot find module).',
    });
    expect(await it.tasks.run(DONE, { agent: 'claude-code' })).toMatchObject({ status: 'succeeded' });
  });
});

test('an agent has no credentials of anybody’s, and reaches its provider past every proxy', async () => {
  const environment = {
    GITHUB_TOKEN: 'test-key-not-real',
    OPENAI_API_KEY: 'test-key-not-real',
    HTTP_PROXY: 'http://proxy.invalid:1',
    NO_PROXY: 'internal.example',
    EDITOR: 'vi',
  };
  await using it = await start({ environment });
  const id = await it.tasks.begin(`env; ${DONE}`);
  await it.tasks.outcome(id);
  const log = await it.tasks.log(id);
  expect(log).toContain('EDITOR=vi\n');
  expect(log).toContain('NO_PROXY=internal.example,127.0.0.1,localhost\n');
  expect(log).not.toContain('test-key-not-real');
});

test('an agent keeps its way to the provider whatever a profile exports', async () => {
  const profile = 'export HTTP_PROXY=http://elsewhere:1 NO_PROXY=mine PROVIDER_URL=http://elsewhere:2';
  await using it = await start({ home: { '.bash_profile': profile } });
  const id = await it.tasks.begin(`echo "$NO_PROXY $no_proxy $PROVIDER_URL"; ${DONE}`);
  expect((await it.tasks.outcome(id)).status).toBe('succeeded');
  expect(await it.tasks.log(id)).toMatch(
    /^mine,127\.0\.0\.1,localhost 127\.0\.0\.1,localhost http:\/\/127\.0\.0\.1:\d+\n/,
  );
});

test('an agent reaches its node’s proxy while it works, and nobody does afterwards', async () => {
  await using it = await start();
  const server = createServer((request, response) => {
    request.pipe(response.writeHead(200, { 'x-path': request.url }));
  });
  server.listen(it.options.providerSocket);
  try {
    await once(server, 'listening');
    const ask = `node -e "fetch(process.env.PROVIDER_URL + '/v1/messages', { method: 'POST', body: 'hello provider' }).then(async (r) => console.log(r.headers.get('x-path'), await r.text(), process.env.PROVIDER_URL))"`;
    const id = await it.tasks.begin(`${ask}; ${DONE}`);
    await it.tasks.outcome(id);
    const [path, , , url] = (await it.tasks.log(id)).split('\n', 1)[0]?.split(' ') ?? [];
    expect(path).toBe('/v1/messages');
    await expect(fetch(url ?? '')).rejects.toThrow('fetch failed');
  } finally {
    server.close();
  }
});

test('an agent goes on where it was, when it is told to', async () => {
  await using it = await start();
  const script = `echo "session:$SESSION:"; echo x >> "$STATE_DIRECTORY/turns"; ${saying({ verdict: { ok: true, session: 'ses_1' } })}`;
  const sessionOf = async (more: object) => {
    const id = await it.tasks.begin(script, more);
    await it.tasks.outcome(id);
    return /session:(.*):/.exec(await it.tasks.log(id))?.[1];
  };
  expect(await sessionOf({ continue: true })).toBe('');
  expect(await sessionOf({ continue: true })).toBe('ses_1');
  expect(await sessionOf({ continue: false })).toBe('');
  expect(await sessionOf({ continue: true, agent: 'claude-code' })).toBe('');
  await writeFile(join(it.home, '.runtimed/agents/opencode.session'), '--option\n');
  expect(await sessionOf({ continue: true })).toBe('');
});

test('an agent that floods its output costs neither memory nor its task', async () => {
  await using it = await start();
  const id = await it.tasks.begin(
    `head -c 40000000 /dev/zero | tr '\\0' x; echo; yes | head -c 2000000; ${DONE}`,
  );
  expect(await it.tasks.outcome(id)).toMatchObject({ status: 'succeeded' });
  const log = await it.tasks.log(id);
  expect(log.length).toBeLessThanOrEqual(16 * 1024 * 1024);
  expect(log.trimEnd().split('\n').at(-1)).toMatch(/the rest is left out/);
});
