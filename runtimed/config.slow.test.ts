import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MASK } from '../src/domain/mask.ts';
import type { RuntimeConfig } from '../src/domain/runtimed.ts';
import type { Reply } from './testing/client.ts';
import { manifest, type RunningSandbox, startSandbox } from './testing/sandbox.ts';
import { DONE } from './testing/scripted-agent.ts';
import { assignment, TaskClient } from './testing/tasks.ts';
import { until } from './testing/until.ts';

const SECRET = 'test-key-not-real';
const OTHER = 'other-key-not-real';
const AWAITED = { SANDBOXD_CONFIG: 'awaited' };
/** Says what it is given, and lives on. */
const worker = (name: string, command: string) => ({ name, command: `${command}; exec sleep 600` });
const WORKERS = {
  'sandbox.yaml': manifest({
    workers: [worker('w', 'echo "value: $GREETING, key: $KEY"; echo "$KEY" > key.txt')],
    build: { command: 'echo "built with $KEY"; exit 1' },
  }),
};

const configure = (it: RunningSandbox, config: Partial<RuntimeConfig>): Promise<Reply> =>
  it.client.call('PUT', '/v1/config', JSON.stringify({ revision: 1, env: {}, secrets: [], ...config }));
const given = { env: { GREETING: 'hello', KEY: SECRET }, secrets: [SECRET, OTHER] };

/** Every file below a directory that has one of these texts in it. */
async function holding(directory: string, ...texts: string[]): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const contents = await Promise.all(
    files.map(async (path) => ({ path, text: await readFile(path, 'latin1') })),
  );
  return contents.filter(({ text }) => texts.some((one) => text.includes(one))).map(({ path }) => path);
}

describe('an awaited configuration', () => {
  test('holds everything of the app back until it comes', async () => {
    await using it = await startSandbox({ app: WORKERS, environment: AWAITED });
    // Seeded, and waiting: it answers, runs what it is told to, and has started nothing of the app.
    expect(await it.client.exec({ cmd: ['ls'] })).toMatchObject({ stdout: 'sandbox.yaml\n' });
    expect(await it.client.status()).toMatchObject({ phase: 'seeding', processes: [] });
    expect((await configure(it, given)).status).toBe(204);
    await it.reaches(({ phase }) => phase === 'ready');
    expect(await it.client.status()).toMatchObject({ config_revision: 1 });
    await until(async () => (await it.client.logs('w')).includes(`value: hello, key: ${MASK}`));
  });

  test('keeps nobody from shutting down', async () => {
    await using it = await startSandbox({ app: WORKERS, environment: AWAITED });
    const held = it.client.call('POST', '/v1/tasks', JSON.stringify(assignment('true')));
    const cutOff = held.catch((error: Error) => error.message);
    // Who connects later is heard later.
    await it.client.status();
    await it.stop();
    expect(await cutOff).toBe('socket hang up');
  });
});

describe('a configuration', () => {
  test('is for the app alone, takes effect with the next start, and is masked wherever it shows', async () => {
    await using it = await startSandbox({ app: WORKERS });
    await it.reaches(({ phase }) => phase === 'ready');
    await configure(it, given);
    expect(await it.client.exec({ cmd: ['bash', '-c', 'echo "[$GREETING]"'] })).toMatchObject({
      stdout: '[]\n',
    });
    await it.client.call('POST', '/v1/restart?scope=all');
    await until(async () => (await it.client.logs('w')).includes(`value: hello, key: ${MASK}`));
    // In its own files it may write what it likes; what is shown of them is masked.
    expect(await holding(it.home, SECRET)).toEqual([join(it.app, 'key.txt')]);
    const shown = await it.client.exec({ cmd: ['bash', '-c', 'cat key.txt; base64 key.txt >&2'] });
    expect(shown).toMatchObject({ stdout: `${MASK}\n` });
    expect(shown.stderr).toContain(MASK);
    expect(it.log.join('\n')).not.toContain(SECRET);
  });

  test('says nothing of where the web process is to listen', async () => {
    const web = { command: 'echo "port: $PORT"; exec sleep 600', port: 3456 };
    await using it = await startSandbox({ app: { 'sandbox.yaml': manifest({ web }) }, environment: AWAITED });
    await configure(it, { env: { PORT: '1' } });
    await expect.poll(() => it.client.logs('web')).toContain('port: 3456');
  });

  test('starts programs whatever it is called and holds', async () => {
    const env = {
      PATH: '/nowhere',
      BASH_ENV: '/nowhere/either',
      'no-name.of a shell': 'kept',
      LINES: 'one\ntwo',
      constructor: 'a word',
      LONG: 'x'.repeat(64 * 1024),
    };
    const workers = [worker('w', 'env')];
    const build = { command: 'env | grep constructor; exit 1' };
    await using it = await startSandbox({
      app: { 'sandbox.yaml': manifest({ workers, build }) },
      environment: AWAITED,
    });
    await configure(it, { env });
    await until(async () => (await it.client.logs('w')).includes('no-name.of a shell=kept'));
    expect(await it.client.logs('w')).toContain('constructor=a word');
    const tasks = new TaskClient(it.client);
    const order = { ...assignment(`env | grep ^x-y=; ${DONE}`), env: { 'x-y': 'kept', PATH: '/nowhere' } };
    expect((await tasks.submit(order)).status).toBe(202);
    const events = await tasks.events(order.id);
    expect(JSON.stringify(events)).toContain('x-y=kept');
    expect(events.at(-1)?.data).toMatchObject({
      status: 'succeeded',
      build_error_message: expect.stringContaining('constructor=a word') as unknown,
    });
  });

  test('that is older is not taken over, and what was secret before stays so', async () => {
    await using it = await startSandbox({ app: WORKERS });
    await configure(it, { ...given, revision: 2 });
    await configure(it, { revision: 1, env: { GREETING: 'old' } });
    await configure(it, { revision: 3, env: { GREETING: 'new' } });
    await it.client.call('POST', '/v1/restart?scope=all');
    await until(async () => (await it.client.logs('w')).includes('value: new, key: '));
    expect(await it.client.exec({ cmd: ['echo', SECRET] })).toMatchObject({ stdout: `${MASK}\n` });
    expect(await it.client.status()).toMatchObject({ config_revision: 3 });
  });

  test('of an agent comes with its task, and is nowhere but in its environment', async () => {
    await using it = await startSandbox({ app: WORKERS });
    await configure(it, given);
    await it.reaches(({ phase }) => phase === 'ready');
    const tasks = new TaskClient(it.client);
    const script = `echo "agent: $AGENT_KEY $GREETING"; echo "$AGENT_KEY" >&2; echo "of $AGENT_KEY" > said.txt; ${DONE}`;
    const order = { ...assignment(script), env: { AGENT_KEY: OTHER, PROVIDER_URL: 'elsewhere', HOME: '/' } };
    expect((await tasks.submit(order)).status).toBe(202);
    const events = await tasks.events(order.id);
    const told = JSON.stringify(events);
    expect(told).toContain(`agent: ${MASK} `);
    expect(events.at(-1)?.data).toMatchObject({
      status: 'succeeded',
      build_status: 'failed',
      build_error_message: expect.stringContaining(`built with ${MASK}`),
    });
    expect(await tasks.log(order.id)).toContain(`${MASK}\n`);
    expect(await tasks.diff(order.id)).toContain(`+of ${MASK}`);
    expect(told + (await tasks.log(order.id)) + (await tasks.diff(order.id))).not.toMatch(/key-not-real/);
    const files = await holding(join(it.home, '.runtimed', 'tasks'), SECRET, OTHER, 'AGENT_KEY":');
    expect(files).toEqual([]);
  });
});
