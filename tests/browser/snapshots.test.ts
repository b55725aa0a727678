import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaptureProgress } from '../../src/domain/capture.ts';
import { CONTENT } from '../fakes/fake-snapshots.ts';
import { startChromium, type TestBrowser } from './chromium.ts';
import { type ConsoleServer, PREVIEW_TEXT, startConsole } from './console-server.ts';
import { createApp, idOf, lookAgain, onlySandbox, signIn, status } from './console-steps.ts';

let browser: TestBrowser;

beforeAll(async () => {
  browser = await startChromium();
});
afterAll(() => browser[Symbol.asyncDispose]());

const panel = (page: Page) => page.getByRole('region', { name: 'Snapshots' });
const nameField = (page: Page) => page.getByRole('textbox', { name: 'Name' });
const row = (page: Page, name: string) => page.getByRole('listitem').filter({ hasText: name });
const preview = (page: Page) => page.frameLocator('iframe').getByRole('heading', { name: PREVIEW_TEXT });

async function take(page: Page, name: string): Promise<void> {
  await nameField(page).fill(name);
  await page.getByRole('button', { name: 'Take snapshot' }).click();
  await page.getByText(name).first().waitFor();
}

/** The captures of the one node there is, which end when a test says so. */
class Captures {
  readonly #server: ConsoleServer;

  constructor(server: ConsoleServer) {
    this.#server = server;
    server.world.node.snapshots.isInstant = false;
  }

  get #latest(): string {
    const order = this.#server.world.node.snapshots.orders.at(-1);
    if (order === undefined) throw new Error('nothing was captured');
    return order.id;
  }

  tell(progress: Omit<CaptureProgress, 'id'>): void {
    const id = this.#latest;
    this.#server.world.node.snapshots.steps.set(id, { id, ...progress });
  }

  async finish(content = CONTENT): Promise<void> {
    const { world } = this.#server;
    world.node.snapshots.finish(this.#latest, { status: 'ready', content });
    await world.node.sync();
    world.advance(1000);
  }
}

/** By how many pixels a page is wider than its window, at its narrowest and at a common width. */
async function overflows(page: Page): Promise<number[]> {
  const found: number[] = [];
  for (const width of [320, 1280]) {
    await page.setViewportSize({ width, height: 860 });
    found.push(
      await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
    );
  }
  return found;
}

describe('snapshots in the console', () => {
  it('are taken while one watches, and gone back to', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page, complaints } = visit;
    await signIn(page, server);
    await createApp(page, server);
    const here = page.url();
    const captures = new Captures(server);
    const before = await onlySandbox(server);
    await preview(page).waitFor();
    const visits = server.visits.get(before.id);

    await panel(page).getByText('stands still for less than a second').waitFor();
    await take(page, 'Before the checkout');
    await panel(page).getByText('Capturing').waitFor();
    expect(await nameField(page).inputValue()).toBe('Before my next change');
    captures.tell({ step: 'Copying files', files: 1812, bytes: 9_400_000 });
    await panel(page).getByText('Copying files · 1,812 files · 9.0\u00A0MiB').waitFor();
    captures.tell({ step: 'Packing', files: 2000, bytes: 9_900_000 });
    await panel(page).getByText('Packing · 2,000 files').waitFor();
    await captures.finish({ ...CONTENT, warnings: ['2 devices were left out'] });
    await panel(page).getByText('Ready').waitFor();
    expect(server.visits.get(before.id)).toBe(visits);

    // What has come up since the page was opened is asked about in place as well.
    await page.getByRole('link', { name: 'Restore “Before the checkout”' }).click();
    const dialog = page.getByRole('dialog', { name: 'Restore “Before the checkout”?' });
    await dialog.getByText('A snapshot of how the app is now is taken first').waitFor();
    await dialog.getByText('its preview gets another address').waitFor();
    await dialog.getByRole('button', { name: 'Restore' }).click();
    await expect.poll(async () => (await onlySandbox(server)).id).not.toBe(before.id);
    await page.waitForURL(here);
    await preview(page).waitFor();
    await status(page, 'Ready');
    await panel(page).getByText('Safety copy').waitFor();
    await page.getByRole('link', { name: 'All snapshots' }).click();
    await row(page, 'The app goes on from this one').getByText('Before the checkout').waitFor();
    await page.goBack();
    expect(await page.locator('iframe').getAttribute('src')).toContain(
      (await onlySandbox(server)).id.toLowerCase(),
    );

    expect(complaints).toEqual([]);
  });

  it('are looked through, made into apps of their own, and deleted', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page, complaints } = visit;
    await signIn(page, server);
    await createApp(page, server);
    const here = page.url();
    const { node, ports } = server.world;
    node.snapshots.end = { status: 'ready', content: { ...CONTENT, warnings: ['2 devices were left out'] } };
    await take(page, 'Before the checkout');
    await node.sync();
    await page.getByRole('link', { name: 'All snapshots' }).click();
    await take(page, 'After the checkout');
    await page.waitForURL(`${here}/snapshots`);
    await node.sync();
    await row(page, 'After the checkout').getByText('Ready').waitFor();
    const origin = row(page, 'Before the checkout').last();
    await origin.getByText('1 warning').click();
    await origin.getByText('2 devices were left out').waitFor();
    await lookAgain(page);
    await page.waitForResponse((response) => response.url() === page.url());
    expect(await origin.getByText('2 devices were left out').isVisible()).toBe(true);
    await page.getByRole('link', { name: 'Fork “Before the checkout”' }).click();
    const fork = page.getByRole('dialog', { name: 'Fork “Before the checkout”?' });
    const name = fork.getByLabel('Name of the new app');
    expect(await name.inputValue()).toBe('Shop (fork)');
    expect(await name.evaluate((field) => document.activeElement === field)).toBe(true);
    await name.fill('Another shop');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Another shop', level: 1 }).waitFor();
    await status(page, 'Ready');
    await page.getByText('· “Before the checkout”').waitFor();
    await page.getByRole('link', { name: 'Shop', exact: true }).click();
    await page.waitForURL(here);

    await page.getByRole('link', { name: 'All snapshots' }).click();
    await page.getByRole('link', { name: 'Delete “Before the checkout”' }).click();
    await page.getByRole('dialog').getByText('This cannot be undone.').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete snapshot' }).click();
    await page.getByText('From a snapshot that was deleted').waitFor();
    await page.goto(here);
    await page.getByRole('link', { name: 'Delete', exact: true }).click();
    await page.getByRole('checkbox', { name: 'Delete its snapshots too' }).check();
    await page.getByRole('button', { name: 'Delete app' }).click();
    await page.getByRole('link', { name: 'Another shop', exact: true }).waitFor();
    expect(await ports.store.snapshots.list('default', { limit: 10 })).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('are worked with from the keyboard alone', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page, complaints } = visit;
    await signIn(page, server);
    await createApp(page, server);
    const { id } = await onlySandbox(server);
    await nameField(page).focus();
    await page.keyboard.press('Enter');
    await panel(page).getByText('Capturing').waitFor();
    await server.world.node.sync();
    const link = page.getByRole('link', { name: 'Restore “Before my next change”' });
    await link.waitFor();
    const isFocused = () => link.evaluate((element) => document.activeElement === element);
    await link.focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(await isFocused()).toBe(true);

    // What changes nothing comes first.
    await page.keyboard.press('Enter');
    await dialog.waitFor();
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    expect((await onlySandbox(server)).id).toBe(id);
    await page.keyboard.press('Enter');
    await dialog.waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await expect.poll(async () => (await onlySandbox(server)).id).not.toBe(id);
    await status(page, 'Ready');
    expect(complaints).toEqual([]);
  });

  it('that are refused say why beside what was written, and what is being written stays', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page } = visit;
    await signIn(page, server);
    await createApp(page, server);
    await nameField(page).fill('  ');
    await page.getByRole('button', { name: 'Take snapshot' }).click();
    const alert = page.getByRole('alert');
    await alert.getByText('The name must not be empty.').waitFor();
    await nameField(page).fill('Half a na');
    await lookAgain(page);
    await page.waitForResponse((response) => response.url() === page.url());
    expect(await nameField(page).inputValue()).toBe('Half a na');
    expect(await alert.count()).toBe(1);
    await take(page, 'A whole name');
    await expect.poll(() => alert.count()).toBe(0);
  });

  it('that cannot be asked about in place are asked about on a page of their own', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page } = visit;
    await signIn(page, server);
    await createApp(page, server);
    await take(page, 'Short-lived');
    await server.world.node.sync();
    const link = page.getByRole('link', { name: 'Restore “Short-lived”' });
    await link.waitFor();
    const { ports } = server.world;
    const [snapshot] = await ports.store.snapshots.list('default', { appId: idOf(page), limit: 1 });
    if (snapshot === undefined) throw new Error('there is no snapshot');
    await page.evaluate(() => Object.defineProperty(document, 'hidden', { configurable: true, value: true }));
    await ports.store.commit({ kind: 'snapshot.discard', owner: 'default', id: snapshot.id });
    await link.click();
    await page.getByRole('heading', { name: 'Not found' }).waitFor();
    expect(new URL(page.url()).pathname).toMatch(/\/restore$/);
  });

  it('work without scripts', async () => {
    await using server = await startConsole();
    await using visit = await browser.open({ scripts: false });
    const { page, complaints } = visit;
    await page.goto(await server.loginLink());
    await page.getByRole('button', { name: 'Open the console' }).click();
    await createApp(page, server);
    const here = page.url();
    const captures = new Captures(server);
    const before = await onlySandbox(server);
    await take(page, 'Before the checkout');
    captures.tell({ step: 'Copying files', files: 7, bytes: 700 });
    await page.getByText('Copying files · 7 files').waitFor();
    await captures.finish();
    await panel(page).getByText('Ready').waitFor();
    await page.getByRole('link', { name: 'Restore “Before the checkout”' }).click();
    await page.getByText('A snapshot of how the app is now is taken first').waitFor();
    await page.getByRole('link', { name: 'Cancel' }).click();
    await page.getByRole('heading', { name: 'Snapshots', level: 1 }).waitFor();
    await page.getByRole('link', { name: 'Restore “Before the checkout”' }).click();
    await page.getByRole('button', { name: 'Restore' }).click();
    await page.waitForURL(here);
    expect((await onlySandbox(server)).id).not.toBe(before.id);
    await page.getByRole('link', { name: 'Fork “Before the checkout”' }).click();
    await page.getByRole('button', { name: 'Fork' }).click();
    await page.getByRole('heading', { name: 'Shop (fork)', level: 1 }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('can be called anything and fit anywhere', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page, complaints } = visit;
    const long = 'a-name-without-a-single-space-'.repeat(3);
    const hostile = `<img src=x onerror="document.title='owned'">${long}`;
    await signIn(page, server);
    await createApp(page, server, { name: long });
    const app = `/apps/${idOf(page)}`;
    server.world.node.snapshots.end = { status: 'ready', content: { ...CONTENT, warnings: [hostile] } };
    await take(page, hostile);
    await server.world.node.sync();
    const link = page.getByRole('link', { name: `Fork “${hostile}”` });
    await link.click();
    await page.getByRole('dialog', { name: `Fork “${hostile}”?` }).waitFor();
    expect(await page.title()).not.toBe('owned');
    expect(await page.locator('main img, dialog img').count()).toBe(0);
    expect(await overflows(page)).toEqual([0, 0]);
    await page.keyboard.press('Escape');
    await page.setViewportSize({ width: 320, height: 400 });
    await page.getByRole('link', { name: `Restore “${hostile}”` }).click();
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    expect(await dialog.evaluate((box) => [box.scrollTop, box.scrollHeight > box.clientHeight])).toEqual([
      0,
      true,
    ]);
    await page.keyboard.press('Escape');
    const href = (await link.getAttribute('href'))?.replace(/\/fork$/, '') ?? '';
    for (const path of [app, `${app}/snapshots`, `${href}/restore`, `${href}/fork`, `${href}/delete`]) {
      await page.goto(server.origin + path);
      expect([path, await overflows(page)]).toEqual([path, [0, 0]]);
    }
    expect(complaints).toEqual([]);
  });
});
