import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { MASK } from '../../src/domain/mask.ts';
import { visit, visitUntil } from '../harness/http.ts';
import { Installation } from '../harness/installation.ts';

const LIMIT_MS = 30_000;
/** With everything that an encoding changes. */
const secret = (what: string) => `test-key/of+${what}=not-real&é`;
const SECRETS = {
  KEY: secret('app'),
  NEXT: secret('next'),
  AGENT_KEY: secret('agent'),
  HIDDEN: secret('nobody'),
};
const FORMS = Object.values(SECRETS).flatMap((value) => [
  value,
  Buffer.from(value).toString('base64').replace(/=+$/, ''),
  encodeURIComponent(value),
]);
const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
/** Larger files hold no configuration, but dependencies. */
const MAX_BYTES = 16 * 1024 * 1024;

const DIGEST = `const digest = (text = '') => require('node:crypto').createHash('sha256').update(text).digest('hex');`;
const FILES = {
  'sandbox.yaml': JSON.stringify({
    version: 1,
    web: { command: 'node web.cjs', port: 3000 },
    workers: [{ name: 'worker', command: 'node worker.cjs' }],
    build: { command: '' },
  }),
  'web.cjs': `${DIGEST}
const { GREETING, KEY, AGENT_KEY, HIDDEN, PORT } = process.env;
console.log('web: ' + KEY);
const body = JSON.stringify({ GREETING, key: digest(KEY), others: [AGENT_KEY, HIDDEN].filter(Boolean).length });
require('node:http').createServer((_, answer) => answer.end(body)).listen(PORT, '0.0.0.0');`,
  'worker.cjs': `console.log('worker: ' + process.env.GREETING + ' ' + process.env.KEY); setInterval(() => {}, 2 ** 30);`,
};
/** In the place of an agent: tells what it is given, in its own words and its own format. */
const AGENT = `#!/usr/bin/env node
${DIGEST}
const { AGENT_KEY, KEY } = process.env;
require('node:fs').writeFileSync('given.json', JSON.stringify({ agent: digest(AGENT_KEY), key: KEY === undefined }));
const say = (value) => console.log(JSON.stringify({ session_id: 's', ...value }));
const text = 'I was given ' + AGENT_KEY;
console.error(text);
say({ type: 'assistant', message: { id: 'm', type: 'message', role: 'assistant', content: [{ type: 'text', text }] } });
say({ type: 'result', subtype: 'success', is_error: false, result: text });
`;

let site: Installation;
let app: string;
let id: string;
let url: string;

const exec = (script: string) =>
  site.json<{ stdout: string; stderr: string }>('POST', `/v1/sandboxes/${id}/exec`, {
    cmd: ['bash', '-c', script],
  });
async function put(query: string, body: string): Promise<void> {
  const { status, text } = await site.api('PUT', `/v1/sandboxes/${id}/files?${query}`, { body });
  if (status !== 204) throw new Error(`${query}: ${status} ${text}`);
}
const logs = async (name: string): Promise<string[]> =>
  (await site.json<{ lines: string[] }>('GET', `/v1/sandboxes/${id}/processes/${name}/logs`)).lines;
const served = async () => JSON.parse((await visitUntil(200, url, LIMIT_MS)).text) as Record<string, unknown>;

/** Everything of this installation that holds a secret in the clear. */
async function leaks(): Promise<string[]> {
  const { containers } = await site.inEngine();
  const inspected = await Promise.all(
    containers.map(async (one) => JSON.stringify(await site.docker.getContainer(one).inspect())),
  );
  const entries = await readdir(site.dataDir, { recursive: true, withFileTypes: true });
  const found = inspected.filter((text) => FORMS.some((form) => text.includes(form)));
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      // Removed since it was listed.
      if (error.code !== 'ENOENT') throw error;
    });
    if (bytes !== undefined && bytes.length < MAX_BYTES && FORMS.some((form) => bytes.includes(form)))
      found.push(path);
  }
  return found;
}

beforeAll(async () => {
  site = await Installation.make();
  await site.up();
  app = (
    await site.json<{ id: string }>('POST', '/v1/apps', { name: 'Configured', runtime_preset: 'worker' })
  ).id;
  const add = (key: string, value: string, access_policy: string, sensitive = true) =>
    site.json('POST', `/v1/apps/${app}/config`, { key, value, access_policy, sensitive });
  await add('GREETING', 'hello', 'runtime_access', false);
  await add('KEY', SECRETS.KEY, 'runtime_access');
  await add('AGENT_KEY', SECRETS.AGENT_KEY, 'agent_access');
  await add('HIDDEN', SECRETS.HIDDEN, 'control_plane_only');
  const sandbox = await site.json<{ id: string; preview: { url: string } }>(
    'POST',
    `/v1/apps/${app}/sandbox`,
  );
  id = sandbox.id;
  for (const [path, body] of Object.entries(FILES)) {
    await put(`path=${path}`, body);
  }
  await vi.waitFor(
    async () => {
      const { preview } = await site.json<{ preview: { url: string; status: string } }>(
        'GET',
        `/v1/sandboxes/${id}`,
      );
      url = preview.url;
      if (preview.status !== 'ready') throw new Error(`The preview is ${preview.status}.`);
    },
    { timeout: LIMIT_MS, interval: 100 },
  );
});
afterAll(() => site?.[Symbol.asyncDispose]());

describe('what an app is configured with', () => {
  it('reaches its web process and its workers, by policy', async () => {
    expect(await served()).toEqual({ GREETING: 'hello', key: digest(SECRETS.KEY), others: 0 });
    await expect.poll(() => logs('worker'), { timeout: LIMIT_MS }).toContain(`worker: hello ${MASK}`);
    expect(await logs('web')).toContain(`web: ${MASK}`);
  });

  it('does not reach programs that people run, and is masked where those look', async () => {
    expect((await exec('echo "[$GREETING$KEY$AGENT_KEY]"')).stdout).toBe('[]\n');
    const { stdout } = await exec(String.raw`tr '\0' '\n' < /proc/$(pgrep -fo worker.cjs)/environ`);
    expect(stdout.split('\n')).toEqual(expect.arrayContaining(['GREETING=hello', `KEY=${MASK}`]));
    const encoded = await exec(`echo ${Buffer.from(SECRETS.KEY).toString('base64')}`);
    expect(encoded.stdout).toContain(MASK);
  });

  it('takes effect when processes are restarted, and what was secret before stays so', async () => {
    await site.json('PATCH', `/v1/apps/${app}/config/KEY`, { value: SECRETS.NEXT });
    expect(await served()).toMatchObject({ key: digest(SECRETS.KEY) });
    await site.json('POST', `/v1/sandboxes/${id}/restart-processes`);
    await expect.poll(served, { timeout: LIMIT_MS }).toMatchObject({ key: digest(SECRETS.NEXT) });
    expect((await exec(`echo '${SECRETS.KEY}' '${SECRETS.NEXT}'`)).stdout).toBe(`${MASK} ${MASK}\n`);
  });

  it('gives agents what is theirs, for their process alone', async () => {
    await site.json('POST', '/v1/agents/anthropic/api-key', { api_key: 'sk-fake-only-for-tests' });
    await put('root=home&path=bin/claude', AGENT);
    await put('root=home&path=.bash_profile', 'export PATH="$HOME/bin:$PATH"\n');
    await exec('chmod +x ~/bin/claude');
    const at = `/v1/sandboxes/${id}/tasks`;
    const order = { prompt: 'Say what you have.', agent: 'claude-code', model: 'anthropic/test' };
    const { id: task } = await site.json<{ id: string }>('POST', at, order);
    const result = () => site.json<Record<string, unknown>>('GET', `${at}/${task}`);
    await expect.poll(async () => (await result())['status'], { timeout: LIMIT_MS }).toBe('succeeded');
    expect(await result()).toMatchObject({ agent_message_final: `I was given ${MASK}` });
    const given = await site.api('GET', `/v1/sandboxes/${id}/files/content?path=given.json`);
    expect(JSON.parse(given.text)).toEqual({ agent: digest(SECRETS.AGENT_KEY), key: true });
    const told = [`${at}/${task}/events`, `${at}/${task}/log`].map(
      async (path) => (await site.api('GET', path)).text,
    );
    for (const text of await Promise.all(told)) {
      expect(text).toContain(`I was given ${MASK}`);
      expect(FORMS.filter((form) => text.includes(form))).toEqual([]);
    }
  });

  it('is there when a sandbox wakes without its server having been asked, and in no file, container or log', async () => {
    await site.json('POST', `/v1/sandboxes/${id}/stop`);
    await site.end();
    await site.up();
    await visit(url);
    expect(await served()).toEqual({ GREETING: 'hello', key: digest(SECRETS.NEXT), others: 0 });
    expect(await leaks()).toEqual([]);
  });
});
