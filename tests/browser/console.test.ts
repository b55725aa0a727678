import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Page, Route } from 'playwright-core';
import { deleteApp } from '../../src/domain/app-commands.ts';
import { updateSandbox } from '../../src/domain/sandbox-commands.ts';
import { SandboxdError } from '../../src/domain/errors.ts';
import { startChromium, type TestBrowser } from './chromium.ts';
import { PREVIEW_TEXT, startConsole } from './console-server.ts';
import { createApp, idOf, lookAgain, onlySandbox, signIn, status } from './console-steps.ts';

let browser: TestBrowser;

beforeAll(async () => {
  browser = await startChromium();
});
afterAll(() => browser[Symbol.asyncDispose]());

/** Whether a box shows the last of what is in it, and not all of it. */
const isAtEnd = (box: Element) =>
  box.scrollHeight > box.clientHeight &&
  (box.firstElementChild?.getBoundingClientRect().bottom ?? Infinity) <= box.getBoundingClientRect().bottom;

/** The browser runs no code for a test while it waits for a page: what is to be done then is said before. */
const lookAgainAfter = (page: Page, event: string) =>
  page.evaluate((name) => {
    document.addEventListener(
      name,
      () =>
        setTimeout(() => {
          document.dispatchEvent(new Event('visibilitychange'));
          void fetch('/looked-again');
        }),
      { once: true },
    );
  }, event);

/** What becomes of a deletion that is sent; what asks for it first is let through. */
const onDelete = (page: Page, act: (route: Route) => unknown) =>
  page.route('**/delete', (route) => (route.request().method() === 'GET' ? route.continue() : act(route)));

/** Returns while the answer is still to come. */
async function sendDelete(page: Page) {
  await page.getByRole('link', { name: 'Delete' }).click();
  await page
    .getByRole('button', { name: 'Delete app' })
    .evaluate((button: HTMLButtonElement) => button.click());
}

describe('the console in a browser', () => {
  it('leads from a login link to an app that is live, asleep, awake again, and deleted', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page, complaints } = visit;
    await signIn(page, server);
    await page.getByRole('heading', { name: 'Create your first app' }).waitFor();
    await page.getByRole('link', { name: 'New app' }).click();
    await createApp(page, server);

    await status(page, 'Ready');
    const preview = page.frameLocator('iframe[title="Preview of Shop"]');
    await preview.getByRole('heading', { name: PREVIEW_TEXT }).waitFor();
    const { id } = await onlySandbox(server);
    expect(await page.getByRole('link', { name: 'Open preview in a new tab' }).getAttribute('href')).toBe(
      `http://s-${id.toLowerCase()}-3000.preview.localhost:${new URL(server.origin).port}`,
    );

    await page.getByRole('button', { name: 'Stop' }).click();
    await status(page, 'Stopped');
    await page.getByRole('heading', { name: 'Stopped' }).waitFor();
    expect(await page.locator('iframe').count()).toBe(0);

    await page.getByRole('button', { name: 'Start' }).click();
    await status(page, 'Ready');
    await preview.getByRole('heading', { name: PREVIEW_TEXT }).waitFor();

    await page.getByRole('link', { name: 'Delete' }).click();
    const dialog = page.getByRole('dialog', { name: 'Delete “Shop”?' });
    await dialog.getByText('all files of its workspace').waitFor();
    await dialog.getByRole('link', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect(server.world.node.orders.at(-1)?.desired).toBe('running');

    await page.getByRole('link', { name: 'Delete' }).click();
    await dialog.getByRole('button', { name: 'Delete app' }).click();
    await page.getByRole('heading', { name: 'Create your first app' }).waitFor();
    expect(server.world.node.orders.at(-1)?.desired).toBe('absent');
    expect(complaints).toEqual([]);
  });

  it('follows a boot step by step without being touched', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page, complaints } = visit;
    server.world.node.bootsTo = 'seeding';
    await signIn(page, server);
    await createApp(page, server);
    const now = page.locator('[aria-current="step"]');
    const { id } = await onlySandbox(server);
    await status(page, 'Starting');
    await now.getByText('Laying out the files').waitFor();
    server.world.node.bootTo(id, 'installing');
    await now.getByText('Installing dependencies').waitFor();
    server.world.node.bootTo(id, 'starting');
    await now.getByText('Starting the app').waitFor();
    expect(server.visits.get(id)).toBeUndefined();
    server.world.node.bootTo(id, 'ready');
    await status(page, 'Ready');
    await page.frameLocator('iframe').getByRole('heading', { name: PREVIEW_TEXT }).waitFor();
    expect(await page.title()).toBe('Shop · Ready · sandboxd');
    expect(complaints).toEqual([]);
  });

  it('keeps the preview as it is while the page around it changes', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page, complaints } = visit;
    await signIn(page, server);
    await createApp(page, server);
    await page.frameLocator('iframe').getByRole('heading', { name: PREVIEW_TEXT }).waitFor();
    const { id } = await onlySandbox(server);
    for (const reason of ['a request is in flight', 'a terminal is open']) {
      server.world.node.change(id, { awakeBecause: [reason] });
      await lookAgain(page);
      await page.getByText(reason).waitFor();
    }
    server.world.node.change(id, { state: 'paused' });
    await lookAgain(page);
    await status(page, 'Paused');
    expect(server.visits.get(id)).toBe(1);
    await page.getByRole('button', { name: 'Reload preview' }).click();
    await expect.poll(() => server.visits.get(id)).toBe(2);
    expect(complaints).toEqual([]);
  });

  it('copies the address of a preview', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page, complaints } = visit;
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await signIn(page, server);
    await createApp(page, server);
    await page.getByRole('button', { name: 'Copy preview URL' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    const { id } = await onlySandbox(server);
    expect(await page.evaluate(() => navigator.clipboard.readText())).toContain(`s-${id.toLowerCase()}-3000`);
    expect(complaints).toEqual([]);
  });

  it('shows a private preview to its owner', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page, complaints } = visit;
    await signIn(page, server);
    await createApp(page, server);
    const { id } = await onlySandbox(server);
    await updateSandbox(server.world.ports, 'default', id, { visibility: 'private' });
    await page.reload();
    await page.frameLocator('iframe').getByRole('heading', { name: PREVIEW_TEXT }).waitFor();
    expect(await page.locator('iframe').getAttribute('src')).toBe(`/apps/${idOf(page)}/preview`);
    expect(page.frames()[1]?.url()).toMatch(/^http:\/\/s-.*-3000\.preview\.localhost:\d+\/./);
    expect(complaints).toEqual([]);
  });

  it('shows the list changing by itself', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page, complaints } = visit;
    await signIn(page, server);
    await createApp(page, server, { name: 'Nightly report', preset: 'Background worker' });
    await page.getByRole('heading', { name: 'Logs' }).waitFor();
    for (let n = 1; n <= 150; n += 1) {
      server.world.node.logLine((await onlySandbox(server)).id, 'worker', `tick ${n}`);
    }
    const log = page.getByRole('log');
    await log.getByText('tick 150').waitFor();
    const box = await log.boundingBox();
    const lines = await log.locator('pre').boundingBox();
    expect((lines?.y ?? 0) + (lines?.height ?? 0)).toBeLessThanOrEqual((box?.y ?? 0) + (box?.height ?? 0));
    await page.getByRole('link', { name: 'Apps' }).click();
    const row = page.getByRole('listitem').filter({ hasText: 'Nightly report' });
    await row.getByText('Running').waitFor();
    server.world.node.change((await onlySandbox(server)).id, { state: 'stopped' });
    await row.getByText('Stopped').waitFor();
    expect(complaints).toEqual([]);
  });

  it('shows what each process says as it says it, and keeps to the chosen one', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page, complaints } = visit;
    const { node } = server.world;
    await signIn(page, server);
    await createApp(page, server);
    const { id } = await onlySandbox(server);
    const web = { name: 'web', kind: 'web', running: true, restarts: 0, abandoned: false } as const;
    node.change(id, { processes: [web, { ...web, name: 'mailer', kind: 'worker' }] });
    for (let n = 1; n <= 100; n += 1) node.logLine(id, 'web', `request ${n}`);
    node.logLine(id, 'mailer', 'one letter sent');
    const log = page.getByRole('log');
    await log.getByText('request 100').waitFor();
    const toEnd = () =>
      log.evaluate((box) => Math.abs(box.scrollTop) < 1 && box.scrollHeight > box.clientHeight);
    expect(await toEnd()).toBe(true);
    node.logLine(id, 'web', 'request 101');
    await log.getByText('request 101').waitFor();
    expect(await toEnd()).toBe(true);

    await page.getByRole('link', { name: 'mailer' }).click();
    await log.getByText('one letter sent').waitFor();
    node.logLine(id, 'mailer', 'two letters sent');
    await log.getByText('two letters sent').waitFor();
    expect(server.visits.get(id)).toBe(1);
    expect(complaints).toEqual([]);
  });

  it('ends on the list after a slow delete, whatever looks come in between', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page } = visit;
    await signIn(page, server);
    await createApp(page, server);
    await status(page, 'Ready');
    const url = page.url();
    const id = idOf(page);
    const [asked, looksOn, deleted, lookedAgain] = [1, 2, 3, 4].map(() => Promise.withResolvers<void>());
    const looks: string[] = [];
    await page.route(url, async (route) => {
      looks.push(route.request().url());
      asked?.resolve();
      await looksOn?.promise;
      await route.continue();
    });
    await page.route('**/looked-again', (route) => {
      lookedAgain?.resolve();
      return route.fulfill({ status: 204 });
    });
    await onDelete(page, async (route) => {
      await deleteApp(server.world.ports, 'default', id);
      deleted?.resolve();
      await lookedAgain?.promise;
      await route.fulfill({ status: 303, headers: { location: '/' } });
    });
    await lookAgain(page);
    await asked?.promise;
    await lookAgainAfter(page, 'htmx:finally:request');

    await sendDelete(page);
    await deleted?.promise;
    const late = page.waitForResponse(url);
    looksOn?.resolve();
    expect((await late).status()).toBe(404);
    await page.getByRole('heading', { name: 'Create your first app' }).waitFor();
    expect(page.url()).toBe(`${server.origin}/`);
    expect(looks).toEqual([url]);
  });

  it('looks on when a form that was sent is called off', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page } = visit;
    await signIn(page, server);
    await createApp(page, server);
    await status(page, 'Ready');
    const appId = idOf(page);
    const { id } = await onlySandbox(server);
    const sent = Promise.withResolvers<void>();
    await onDelete(page, () => sent.resolve());
    await page.route('**/stop-now', async (route) => {
      await sent.promise;
      await route.fulfill({ status: 204 });
    });
    await page.evaluate(() => void fetch('/stop-now').then(() => window.stop()));
    await sendDelete(page);
    await sent.promise;
    server.world.node.change(id, { state: 'stopped' });
    await status(page, 'Stopped');
    expect(idOf(page)).toBe(appId);
  });

  it('leads from the page of an app that was deleted elsewhere to the list', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page } = visit;
    await signIn(page, server);
    await createApp(page, server);
    await status(page, 'Ready');
    await deleteApp(server.world.ports, 'default', idOf(page));
    await page.getByRole('heading', { name: 'Create your first app' }).waitFor();
    expect(page.url()).toBe(`${server.origin}/`);
  });

  it('says that an app crashed and why, and restarts it', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page, complaints } = visit;
    const { node } = server.world;
    await signIn(page, server);
    await createApp(page, server);
    const { id } = await onlySandbox(server);
    for (let n = 1; n < 20; n += 1) node.logLine(id, 'web', `at line ${n}`);
    node.logLine(id, 'web', 'Error: Cannot find module ./gone');
    const web = { name: 'web', kind: 'web', running: false, restarts: 4, abandoned: true } as const;
    node.change(id, { preview: { status: 'starting' }, processes: [web] });
    await status(page, 'Crashed');
    const output = page.getByLabel('Output');
    await output.getByText('Cannot find module').waitFor();
    expect(await output.evaluate(isAtEnd)).toBe(true);
    await page.getByRole('button', { name: 'Restart' }).click();
    await status(page, 'Ready');
    expect(complaints).toEqual([]);
  });

  it('says at once that a stop was heard', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page } = visit;
    await signIn(page, server);
    await createApp(page, server);
    await status(page, 'Ready');
    const held = Promise.withResolvers<void>();
    await page.route('**/stop', async (route) => {
      await held.promise;
      await route.continue();
    });
    await page.getByRole('button', { name: 'Stop' }).click();
    await status(page, 'Stopping');
    expect(server.world.node.orders.at(-1)?.desired).toBe('running');
    held.resolve();
    await status(page, 'Stopped');
  });

  it('says when an action fails, when the server is gone, and recovers from both', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page } = visit;
    await signIn(page, server);
    await createApp(page, server);
    server.world.node.failure = new SandboxdError('sandbox_unavailable', 'The engine said no.');
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('alert').getByText('The engine said no.').waitFor();
    await status(page, 'Stopping');
    await page.route('**/apps/*', (route) => route.abort());
    await page.getByText('Connection lost').waitFor();
    await page.unroute('**/apps/*');
    await page.getByText('Connection lost').waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Dismiss' }).click();
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  it('does not fall back to what was before an action, when an older answer comes late', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page } = visit;
    await signIn(page, server);
    await createApp(page, server);
    await status(page, 'Ready');
    const url = page.url();
    const [cookie] = await page.context().cookies();
    const before = await server.world.app.request(new URL(url).pathname, {
      headers: { host: new URL(url).host, cookie: `${cookie?.name}=${cookie?.value}` },
    });
    const body = await before.text();
    const asked = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const answerLate = async (route: Route) => {
      asked.resolve();
      await held.promise;
      await route.fulfill({ contentType: 'text/html', body });
    };
    await page.route(url, answerLate, { times: 1 });
    await lookAgain(page);
    await asked.promise;
    await page.getByRole('button', { name: 'Stop' }).click();
    await status(page, 'Stopped');

    const shown = await page.evaluateHandle(() => {
      const texts: string[] = [];
      const note = () => texts.push(document.getElementById('status')?.textContent.trim() ?? '');
      new MutationObserver(note).observe(document.body, {
        subtree: true,
        childList: true,
        characterData: true,
      });
      return texts;
    });
    held.resolve();
    // A look that starts after the late answer is in shows something new: by then the late one was shown, or dropped.
    await page.waitForResponse(url);
    server.world.node.change((await onlySandbox(server)).id, { state: 'error', errorMessage: 'No disk.' });
    await lookAgain(page);
    await status(page, 'Error');
    expect(await shown.jsonValue()).not.toContain('Ready');
  });

  it('asks nothing while nobody looks', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page } = visit;
    await page.clock.install();
    await signIn(page, server);
    await createApp(page, server);
    await status(page, 'Ready');
    const asked: string[] = [];
    page.on('request', (request) => {
      if (request.resourceType() === 'fetch') asked.push(request.url());
    });
    await page.evaluate(() => Object.defineProperty(document, 'hidden', { configurable: true, value: true }));
    await page.clock.runFor(60_000);
    expect(asked).toEqual([]);
    await page.evaluate(() =>
      Object.defineProperty(document, 'hidden', { configurable: true, value: false }),
    );
    await lookAgain(page);
    await expect.poll(() => asked).toEqual([page.url()]);
  });

  it('runs no script that got into a page', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page, complaints } = visit;
    await page.goto(`${server.origin}/login`);
    await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = "document.title = 'owned'";
      document.body.append(script);
      document.body.setAttribute('style', 'display: none');
    });
    expect(await page.title()).toBe('Sign in · sandboxd');
    expect(await page.getByRole('heading', { name: 'Sign in' }).isVisible()).toBe(true);
    expect(complaints.filter((complaint) => complaint.includes('Content Security Policy'))).toHaveLength(2);
  });

  it('cannot be framed by a preview', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page, complaints } = visit;
    await signIn(page, server);
    const port = new URL(server.origin).port;
    await page.goto(`http://s-01arz3ndektsv4rrffq69g5fav-3000.preview.localhost:${port}/`);
    await page.evaluate((origin) => {
      const frame = document.createElement('iframe');
      frame.src = origin;
      document.body.append(frame);
    }, server.origin);
    await expect.poll(() => complaints.join()).toContain('frame-ancestors');
    expect(await page.frameLocator('iframe').getByText('Create your first app').count()).toBe(0);
  });

  it('takes whoever was signed out elsewhere to the login page', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page } = visit;
    await signIn(page, server);
    await createApp(page, server);
    const here = idOf(page);
    await page.context().clearCookies();
    await lookAgain(page);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(page.url()).toBe(`${server.origin}/login?next=${encodeURIComponent(`/apps/${here}`)}`);
  });

  it('works without scripts', async () => {
    await using server = await startConsole();
    await using visit = await browser.open({ scripts: false });
    const { page, complaints } = visit;
    await page.goto(await server.loginLink());
    await page.getByRole('button', { name: 'Open the console' }).click();
    await createApp(page, server, { name: 'Plain' });
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('heading', { name: 'Stopped' }).waitFor();
    await page.getByRole('button', { name: 'Start' }).click();
    await status(page, 'Ready');
    await page.getByRole('link', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Delete app' }).click();
    await page.getByRole('heading', { name: 'Create your first app' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('shows hostile names as text and runs nothing of them', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page, complaints } = visit;
    const name = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
    await signIn(page, server);
    await createApp(page, server, { name });
    await page.getByRole('link', { name: 'Delete' }).click();
    await page.getByRole('dialog', { name: `Delete “${name}”?` }).waitFor();
    expect(await page.title()).not.toBe('owned');
    expect(complaints).toEqual([]);
  });

  it.each([360, 768, 1440])('fits into a window %d pixels wide', async (width) => {
    await using server = await startConsole();
    await using visit = await browser.open({ width });
    const { page } = visit;
    await signIn(page, server);
    await createApp(page, server, { name: 'A-name-without-a-single-space-in-it-'.repeat(5) });
    const id = idOf(page);
    for (const path of [
      '/',
      '/apps/new',
      `/apps/${id}`,
      `/apps/${id}/config`,
      `/apps/${id}/delete`,
      '/nothing',
    ]) {
      await page.goto(server.origin + path);
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect([path, overflow]).toEqual([path, 0]);
    }
  });
});
