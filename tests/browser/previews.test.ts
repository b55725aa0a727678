import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { importPreviewKey, signPreviewToken } from '../../src/domain/preview-token.ts';
import {
  type Harness,
  httpServer,
  liveRoute,
  Owned,
  PREVIEW_KEY,
  previewHost,
  SANDBOX,
  startHarness,
  type TcpServer,
  temporaryDirectory,
} from '../../proxy/testing/harness.ts';
import { startChromium, type TestBrowser } from './chromium.ts';

const owned = new Owned();
let browser: TestBrowser;
let harness: Harness;
let app: TcpServer;
/** What the console's page frames. */
let framed: string;
let consoleOrigin: string;

beforeAll(async () => {
  browser = await startChromium();
});
afterAll(() => browser[Symbol.asyncDispose]());

beforeEach(async () => {
  const directory = owned.own(await temporaryDirectory());
  const consoleSocket = join(directory.path, 'console.sock');
  owned.own(
    await httpServer((_req, res) => {
      res.setHeader('Content-Type', 'text/html').end(`<iframe src="${framed}"></iframe>`);
    }, consoleSocket),
  );
  app = owned.own(
    await httpServer((req, res) => {
      const { cookie = 'none', referer = 'none' } = req.headers;
      const text = `<h1>app ${req.url}</h1><p>cookie ${cookie}</p><p>referer ${referer}</p>`;
      res.setHeader('Content-Type', 'text/html').end(text);
    }),
  );
  // The console's origin has the proxy's port in it, which is known only once that listens.
  const probe = await startHarness();
  await probe[Symbol.asyncDispose]();
  consoleOrigin = `http://console.localhost:${probe.port}`;
  harness = owned.own(
    await startHarness({ port: probe.port, consoleSocket, consoleOrigins: [consoleOrigin] }),
  );
});
afterEach(() => owned.end());

const origin = () => `http://${previewHost(app.port)}:${harness.port}`;

async function link(path: string): Promise<string> {
  const target = { sandboxId: SANDBOX, port: app.port };
  const token = await signPreviewToken(await importPreviewKey(PREVIEW_KEY), target, Date.now() + 60_000);
  return `${origin()}${path}?sandboxd_token=${token}`;
}

describe('a private preview in a browser', () => {
  beforeEach(() => harness.route(liveRoute([app.port], { visibility: 'private' })));

  it('opens by its link, whose token nobody sees afterwards', async () => {
    await using opened = await browser.open();
    const { page } = opened;
    await page.goto(await link('/deep'));
    expect(page.url()).toBe(`${origin()}/deep`);
    expect(await page.innerText('body')).toBe('app /deep\n\ncookie none\n\nreferer none');
    await page.goto(`${origin()}/next`);
    expect(await page.innerText('h1')).toBe('app /next');
  });

  it('opens inside the console, which is another site below localhost', async () => {
    await using opened = await browser.open();
    framed = await link('/framed');
    await opened.page.goto(consoleOrigin);
    await opened.page.frameLocator('iframe').getByRole('heading', { name: 'app /framed' }).waitFor();
    expect(opened.complaints).toEqual([]);
  });

  it('opens inside no other page', async () => {
    await using opened = await browser.open();
    framed = await link('/framed');
    await opened.page.goto(`http://127.0.0.1:${harness.port}`);
    await expect.poll(() => opened.complaints.join()).toContain('frame-ancestors');
  });

  it('shows a stranger a page that says so', async () => {
    await using opened = await browser.open();
    const answer = await opened.page.goto(origin());
    expect(answer?.status()).toBe(401);
    await opened.page.getByRole('heading', { name: 'This preview is private' }).waitFor();
  });
});

describe('the warming page in a browser', () => {
  it('shows what goes on and becomes the app by itself', async () => {
    harness.route(liveRoute([app.port], { state: 'stopped' }));
    await using opened = await browser.open({ scripts: false });
    await opened.page.goto(`${origin()}/start?x=1`);
    await opened.page.getByRole('heading', { name: 'Waking up' }).waitFor();
    harness.route(
      liveRoute([app.port], { state: 'waking', generation: 2, progress: 'Installing dependencies' }),
    );
    await opened.page.getByText('Installing dependencies').waitFor();
    harness.route(liveRoute([app.port], { generation: 2 }));
    await opened.page.getByRole('heading', { name: 'app /start?x=1' }).waitFor();
    expect(harness.wakes).toEqual([SANDBOX]);
    // The 503 itself is reported; anything else would be a page that breaks its own policy.
    expect(opened.complaints.filter((text) => !text.includes('503'))).toEqual([]);
  });
});
