import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { visit, visitUntil } from '../harness/http.ts';
import { Installation } from '../harness/installation.ts';

interface Sandbox {
  id: string;
  status: string;
  preview: { url: string };
}

let site: Installation;

beforeAll(async () => {
  site = await Installation.make();
  await site.up();
});
afterAll(() => site[Symbol.asyncDispose]());

/** Milliseconds after the create call was sent: from before anything happened to after everything has. */
const MOMENTS = [0, 60, 150, 300, 450, 600, 900, 1500];

const newApp = async (): Promise<string> =>
  (await site.json<{ id: string }>('POST', '/v1/apps', { name: 'Killed' })).id;

/** A wake or an install on a machine with other work takes that long. */
const SERVED_MS = 30_000;

/** A moment is the one thing here that only a clock can tell. */
const moment = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function liveSandbox(app: string): Promise<Sandbox> {
  const { current_sandbox_id: id } = await site.json<{ current_sandbox_id?: string }>(
    'GET',
    `/v1/apps/${app}`,
  );
  if (id === undefined) return site.json<Sandbox>('POST', `/v1/apps/${app}/sandbox`);
  return site.json<Sandbox>('GET', `/v1/sandboxes/${id}`);
}

describe('a server that is killed in the middle of a create', () => {
  it.each(MOMENTS)('after %i ms leaves an app that works, and nothing else', async (ms) => {
    const app = await newApp();
    const pid = await site.pid();
    const creating = site.api('POST', `/v1/apps/${app}/sandbox`).catch((error: unknown) => error);
    await moment(ms);
    await site.kill(pid);
    await creating;

    await site.up();
    await expect.poll(async () => (await liveSandbox(app)).status, { timeout: SERVED_MS }).toBe('running');
    const { id, preview } = await liveSandbox(app);
    expect((await visitUntil(200, preview.url, SERVED_MS)).status).toBe(200);
    expect((await site.inEngine()).containers).toHaveLength(1);
    expect(await readdir(join(site.dataDir, 'sandboxes'))).toEqual([id]);

    await site.json('DELETE', `/v1/apps/${app}`);
    expect(await site.inEngine()).toEqual({ containers: [], volumes: [] });
    expect(await readdir(join(site.dataDir, 'sandboxes'))).toEqual([]);
  });
});

describe('a server that is killed while an app runs', () => {
  it('leaves to `down` what it left in the engine', async () => {
    const app = await newApp();
    const { preview } = await site.json<Sandbox>('POST', `/v1/apps/${app}/sandbox`);
    await visit(preview.url);
    await site.kill();
    await site.command('down');
    expect(await site.inEngine()).toEqual({ containers: [], volumes: [] });
    const filters = { label: [`sandboxd.instance=${await site.instanceId()}`] };
    expect(await site.docker.listContainers({ all: true, filters })).toEqual([]);
    const name = `sandboxd-${await site.instanceId()}`;
    expect((await site.docker.listNetworks()).map(({ Name }) => Name)).not.toContain(name);
    await site.up();
    expect((await visitUntil(200, preview.url, SERVED_MS)).status).toBe(200);
    await site.json('DELETE', `/v1/apps/${app}`);
  });

  it('finds it again, running all the while', async () => {
    const app = await newApp();
    const { preview } = await site.json<Sandbox>('POST', `/v1/apps/${app}/sandbox`);
    expect((await visit(preview.url)).status).toBe(200);
    const [container = ''] = (await site.inEngine()).containers;
    const before = await site.docker.getContainer(container).inspect();
    await site.kill();
    await site.up();
    expect((await visit(preview.url)).status).toBe(200);
    const after = await site.docker.getContainer(container).inspect();
    expect(after.State.StartedAt).toBe(before.State.StartedAt);
  });
});
