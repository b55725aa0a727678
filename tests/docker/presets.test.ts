import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { visit, visitUntil } from '../harness/http.ts';
import { Installation } from '../harness/installation.ts';

interface Sandbox {
  id: string;
  preview: { url: string; status: string };
  processes: { name: string; running: boolean; abandoned: boolean }[];
}

/** A few seconds, where nothing else runs. */
const LIMIT_MS = 90_000;
const TEST_LIMIT_MS = 240_000;

let site: Installation;

beforeAll(async () => {
  site = await Installation.make();
  await site.up();
});
afterAll(() => site[Symbol.asyncDispose]());

/** An app of a preset, up, with what one does to it. */
class Box {
  readonly id: string;
  readonly app: string;
  readonly url: string;

  private constructor(app: string, { id, preview }: Sandbox) {
    this.app = app;
    this.id = id;
    this.url = preview.url;
  }

  static async make(preset: string): Promise<Box> {
    const app = await site.json<{ id: string }>('POST', '/v1/apps', { name: preset, runtime_preset: preset });
    return new Box(app.id, await site.json<Sandbox>('POST', `/v1/apps/${app.id}/sandbox`));
  }

  now = (): Promise<Sandbox> => site.json('GET', `/v1/sandboxes/${this.id}`);

  read = async (path: string): Promise<string> =>
    (await site.api('GET', `/v1/sandboxes/${this.id}/files/content?path=${path}`)).text;

  async edit(path: string, change: (text: string) => string): Promise<void> {
    const body = change(await this.read(path));
    const { status, text } = await site.api('PUT', `/v1/sandboxes/${this.id}/files?path=${path}`, { body });
    if (status !== 204) throw new Error(`${path} was not written: ${text}`);
  }

  exec = (script: string): Promise<{ exit_code: number; stdout: string; stderr: string }> =>
    site.json('POST', `/v1/sandboxes/${this.id}/exec`, { cmd: ['bash', '-lc', script], timeout_s: 180 });

  /** What follows an agent's work, without an agent. */
  async endTask(): Promise<void> {
    await site.json('POST', `/v1/sandboxes/${this.id}/restart-processes`, { scope: 'after_task' });
  }

  /** The first answer of the preview that is no error. */
  async serves(path = '/'): Promise<string> {
    const answer = await visitUntil(200, this.url + path, LIMIT_MS);
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${answer.text}`);
    return answer.text;
  }

  log = async (name: string): Promise<string> =>
    (
      await site.json<{ lines: string[] }>('GET', `/v1/sandboxes/${this.id}/processes/${name}/logs`)
    ).lines.join('\n');

  remove = (): Promise<void> => site.json('DELETE', `/v1/apps/${this.app}`);
}

describe('what an agent does to an app shows in it', () => {
  it(
    'Next.js survives a production build in the middle of a session',
    async () => {
      const box = await Box.make('nextjs');
      expect(await box.serves()).toContain('Your app starts here');
      const build = await box.exec('pnpm build');
      expect(build).toMatchObject({ exit_code: 0 });
      await box.edit('app/page.tsx', (text) => text.replace('Your app starts here', 'Changed by a task'));
      await box.endTask();

      const page = await box.serves();
      expect(page).toContain('Changed by a task');
      const assets = [...new Set(page.match(/\/_next\/static\/[^"'\\ ]+?\.(?:js|css)/g))];
      expect(assets.length).toBeGreaterThan(2);
      const answers = await Promise.all(assets.map((asset) => visit(box.url + asset)));
      expect(answers.map(({ status }) => status)).toEqual(assets.map(() => 200));
      await box.remove();
    },
    TEST_LIMIT_MS,
  );

  it(
    'Express serves an added route',
    async () => {
      const box = await Box.make('node-express');
      await box.serves();
      await box.edit('server.js', (text) =>
        text.replace(
          'const server',
          "app.get('/added', (_request, response) => response.send('by a task'));\n\nconst server",
        ),
      );
      await box.endTask();
      expect(await box.serves('/added')).toBe('by a task');
      await box.remove();
    },
    TEST_LIMIT_MS,
  );

  it(
    'FastAPI serves an added route',
    async () => {
      const box = await Box.make('fastapi');
      await box.serves();
      await box.edit(
        'app/main.py',
        (text) => `${text}\n\n@app.get("/added")\ndef added() -> str:\n    return "by a task"\n`,
      );
      await box.endTask();
      expect(await box.serves('/added')).toBe('"by a task"');
      await box.remove();
    },
    TEST_LIMIT_MS,
  );

  it(
    'a worker runs its changed script',
    async () => {
      const box = await Box.make('worker');
      await expect.poll(() => box.log('worker'), { timeout: LIMIT_MS }).toContain('heartbeat 1');
      await box.edit('worker.sh', (text) => text.replace('heartbeat', 'changed by a task'));
      await box.endTask();
      await expect.poll(() => box.log('worker'), { timeout: LIMIT_MS }).toContain('changed by a task 1');
      await box.remove();
    },
    TEST_LIMIT_MS,
  );
});

describe('an app that crashes again and again', () => {
  it(
    'is left alone and reported, and comes back when its file is mended',
    async () => {
      const box = await Box.make('node-express');
      await box.serves();
      const good = await box.read('server.js');
      await box.edit('server.js', (text) => `throw new Error('broken by a task');\n${text}`);
      await box.endTask();
      await expect.poll(box.now, { timeout: LIMIT_MS }).toMatchObject({
        preview: { status: 'down' },
        processes: [{ name: 'web', running: false, abandoned: true }],
      });
      expect(await box.log('web')).toContain('broken by a task');
      const events = await site.json<{ events: { type: string }[] }>('GET', `/v1/apps/${box.app}/events`);
      expect(events.events.map(({ type }) => type)).toContain('preview.health.failed');

      await box.edit('server.js', () => good);
      expect(await box.serves('/health')).toContain('ok');
      await expect.poll(box.now, { timeout: LIMIT_MS }).toMatchObject({
        preview: { status: 'ready' },
        processes: [{ name: 'web', running: true, abandoned: false }],
      });
      await box.remove();
    },
    TEST_LIMIT_MS,
  );
});
