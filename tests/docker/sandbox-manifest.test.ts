import Docker from 'dockerode';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { ensureImage } from '../../images/build.ts';
import type { Client } from '../../runtimed/testing/client.ts';
import { loadConfig } from '../../src/config.ts';
import { BLANK_TEMPLATE } from '../../src/domain/preset.ts';
import type { RuntimeStatus } from '../../src/domain/runtimed.ts';
import { filesOf, readDocument, type Section } from '../harness/document.ts';
import { startSandboxContainer } from './sandbox-container.ts';

const config = loadConfig(process.env);
const docker = new Docker({ socketPath: config.dockerSocket });
const BUILD_LIMIT_MS = 600_000;
/** What is abandoned has waited 1, 2, 4 and 8 seconds before. */
const PATIENT = { timeout: 60_000, interval: 50 };
vi.setConfig({ testTimeout: 90_000 });
const RESULT = /^Result: preview `(\w+)`(?: on port (\d+))?; running ([^;.]+)(?:; abandoned ([^;.]+))?\.$/m;

let image: string;

beforeAll(async () => {
  const signal = new AbortController().signal;
  image = (
    await ensureImage({ docker, network: config, agents: config.agents, onProgress: () => {}, signal })
  ).tag;
}, BUILD_LIMIT_MS);

const document = await readDocument('sandbox-manifest.md');
const first = document.findIndex(({ title }) => title === 'Examples') + 1;
const end = document.findIndex(({ title }) => title.startsWith('Mistakes'));
const examples = document.slice(first, end);

const namesIn = (list: string | undefined): string[] => list?.match(/[\w-]+/g) ?? [];

/** What a section says comes of it. */
function resultOf({ text }: Section) {
  const [, preview, port, running, abandoned] = RESULT.exec(text) ?? [];
  return { preview, port, running: namesIn(running), abandoned: namesIn(abandoned) };
}

/** What has come about, in the same words. */
function summary({ preview, web_port, processes }: RuntimeStatus): ReturnType<typeof resultOf> {
  const named = (isWanted: (process: RuntimeStatus['processes'][number]) => boolean) =>
    processes.filter(isWanted).map(({ name }) => name);
  return {
    preview: preview.status,
    port: preview.status === 'ready' ? String(web_port) : undefined,
    running: named(({ running }) => running),
    abandoned: named(({ abandoned }) => abandoned),
  };
}

const start = (app: Record<string, string>) =>
  startSandboxContainer({ docker, image, template: BLANK_TEMPLATE, app });

/** Where a port is listened on, as the kernel writes addresses: all zeros = everywhere. */
async function listeners(client: Client, port: string): Promise<string[]> {
  const { stdout } = await client.exec({ cmd: ['cat', '/proc/net/tcp', '/proc/net/tcp6'] });
  const hex = Number(port).toString(16).padStart(4, '0').toUpperCase();
  return stdout.match(new RegExp(`[0-9A-F]+(?=:${hex} [0-9A-F:]+ 0A)`, 'g')) ?? [];
}

const status = async (client: Client) => summary(await client.status());
const webOf = (command: string): string => JSON.stringify({ version: 1, web: { command } });

describe('the examples of docs/sandbox-manifest.md', () => {
  it.each(examples)('$title', async (section) => {
    const { 'web.log': log = '', ...app } = filesOf(section);
    await using it = await start(app);
    const result = resultOf(section);
    await expect.poll(() => status(it.client), PATIENT).toEqual(result);
    expect(await it.client.status()).not.toHaveProperty('manifest_error');
    const everywhere = await listeners(it.client, result.port ?? '0');
    expect(everywhere.some((address) => /^0+$/.test(address))).toBe(result.port !== undefined);
    // An empty one is in every log.
    const [logged = ''] = [...result.abandoned, ...result.running];
    expect((await it.client.logs(logged)).join('\n')).toContain(log.trim());
  });
});

describe('what docs/sandbox-manifest.md says of changes', () => {
  it('a file that is written gives what was abandoned another chance', async () => {
    await using it = await start({ 'sandbox.yaml': webOf('node late.js') });
    await expect.poll(() => status(it.client), PATIENT).toMatchObject({ abandoned: ['web'] });
    const server = `require('http').createServer((q, s) => s.end('ok')).listen(process.env.PORT)`;
    await it.client.write('late.js', server);
    await expect.poll(() => status(it.client), PATIENT).toMatchObject({ preview: 'ready', abandoned: [] });
  });

  it('a file that cannot be used says why, and the defaults run', async () => {
    const dev = JSON.stringify({ scripts: { dev: 'python3 -m http.server 3000' } });
    await using it = await start({ 'sandbox.yaml': 'web: {port: "x"}', 'package.json': dev });
    await expect.poll(() => status(it.client), PATIENT).toMatchObject({ preview: 'ready', port: '3000' });
    expect((await it.client.status()).manifest_error).toContain('web.port: must be a whole number');
  });
});
