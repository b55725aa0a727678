import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createConfig } from '../../src/domain/config-commands.ts';
import { zipContents } from '../harness/zips.ts';
import { startChromium, type TestBrowser } from './chromium.ts';
import { type ConsoleServer, startConsole } from './console-server.ts';
import { createApp, idOf, onlySandbox, signIn, status } from './console-steps.ts';

const SECRET = 'test-value-not-real';

let browser: TestBrowser;

beforeAll(async () => {
  browser = await startChromium();
});
afterAll(() => browser[Symbol.asyncDispose]());

/** A link asks over its page once the scripts of that are there. */
const ready = (page: Page) => page.waitForLoadState();
const row = (page: Page, key: string) => page.getByRole('listitem').filter({ hasText: key });
const keyField = (page: Page) => page.getByRole('textbox', { name: 'Key' });

async function add(page: Page, key: string, value: string, { sensitive = true, who = 'The app' } = {}) {
  await keyField(page).fill(key);
  await page.getByRole('textbox', { name: 'Value' }).fill(value);
  await page.getByRole('combobox', { name: 'Who is given it' }).selectOption(who);
  await page.getByRole('checkbox', { name: 'Sensitive' }).setChecked(sensitive);
  await page.getByRole('button', { name: 'Add', exact: true }).click();
}

const kept = async ({ world }: ConsoleServer, app: string) =>
  (await world.ports.store.config.list('default', app)).map(({ key, sensitive, accessPolicy }) => ({
    key,
    sensitive,
    accessPolicy,
  }));

describe('the config of an app in a browser', () => {
  it('is added, changed, put in force and deleted', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page, complaints } = visit;
    await signIn(page, server);
    await createApp(page, server);
    await status(page, 'Ready');
    const app = idOf(page);
    await page.getByRole('link', { name: 'Config' }).click();
    await page.getByText('There is none yet.').waitFor();
    await add(page, 'API_KEY', SECRET);
    await row(page, 'API_KEY').getByText('The app · sensitive').waitFor();
    await add(page, 'GREETING', 'hello\nworld', { sensitive: false, who: 'Coding agents' });
    await row(page, 'GREETING').getByText('hello\nworld').waitFor();
    await ready(page);

    await page.getByRole('link', { name: 'Change GREETING' }).click();
    const change = page.getByRole('dialog', { name: 'Change GREETING' });
    const value = change.getByRole('textbox', { name: 'Value' });
    expect(await value.inputValue()).toBe('hello\nworld');
    expect(await value.evaluate((field) => field === document.activeElement)).toBe(true);
    await value.fill('good day');
    await change.getByRole('button', { name: 'Save' }).click();
    await row(page, 'GREETING').getByText('good day').waitFor();
    await ready(page);

    await page.getByRole('link', { name: 'Change API_KEY' }).click();
    const secret = page.getByRole('dialog', { name: 'Change API_KEY' });
    expect(await secret.getByRole('textbox', { name: 'New value' }).inputValue()).toBe('');
    await secret.getByRole('combobox').selectOption('The app and coding agents');
    await secret.getByRole('button', { name: 'Save' }).click();
    await row(page, 'API_KEY').getByText('The app and coding agents').waitFor();
    await ready(page);
    expect(await page.content()).not.toContain(SECRET);
    expect(await kept(server, app)).toEqual([
      { key: 'API_KEY', sensitive: true, accessPolicy: 'both' },
      { key: 'GREETING', sensitive: false, accessPolicy: 'agent_access' },
    ]);

    await page.getByRole('link', { name: 'Delete GREETING' }).click();
    const question = page.getByRole('dialog', { name: 'Delete GREETING?' });
    await question.getByRole('link', { name: 'Cancel' }).click();
    await question.waitFor({ state: 'hidden' });
    await page.getByRole('link', { name: 'Delete GREETING' }).click();
    await question.getByRole('button', { name: 'Delete' }).click();
    await row(page, 'GREETING').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Restart processes' }).click();
    await page.waitForURL(`${server.origin}/apps/${app}`);
    expect(server.world.node.restarts).toEqual(['all']);
    expect(complaints).toEqual([]);
  });

  it('says what is wrong where it is, without scripts too', async () => {
    await using server = await startConsole();
    await using visit = await browser.open({ scripts: false });
    const { page } = visit;
    await page.goto(await server.loginLink());
    await page.getByRole('button', { name: 'Open the console' }).click();
    await createApp(page, server);
    await page.getByRole('link', { name: 'Config' }).click();
    await add(page, 'API_KEY', SECRET);
    await add(page, 'API_KEY', SECRET);
    await page.getByText('There is a “API_KEY” already.').waitFor();
    expect(await keyField(page).inputValue()).toBe('API_KEY');
    expect(await page.getByRole('textbox', { name: 'Value' }).inputValue()).toBe('');
    await page.getByRole('link', { name: 'Delete API_KEY' }).click();
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByText('There is none yet.').waitFor();
  });

  it.each([{ width: 320 }, { width: 1440, dark: true }])('fits into a window: %j', async (options) => {
    await using server = await startConsole();
    await using visit = await browser.open(options);
    const { page, complaints } = visit;
    await signIn(page, server);
    await createApp(page, server);
    const app = idOf(page);
    const item = { sensitive: false, access_policy: 'both' } as const;
    const key = 'K'.repeat(256);
    await createConfig(server.world.ports, 'default', app, { ...item, key, value: 'v'.repeat(2000) });
    for (const path of ['config', `config/edit?key=${key}`, `config/delete?key=${key}`]) {
      await page.goto(`${server.origin}/apps/${app}/${path}`);
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect([path, overflow]).toEqual([path, 0]);
    }
    expect(complaints).toEqual([]);
  });
});

describe('the download of an app in a browser', () => {
  it('is a file named after the app, and the page goes on', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page, complaints } = visit;
    await signIn(page, server);
    await createApp(page, server, { name: 'My café' });
    await status(page, 'Ready');
    const { id } = await onlySandbox(server);
    const file = { path: 'index.js', root: 'app', append: false } as const;
    await server.world.node.files(id).write(file, new TextEncoder().encode('main'));
    const downloading = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download' }).click();
    const download = await downloading;
    expect(download.suggestedFilename()).toBe('My café.zip');
    expect(zipContents(await readFile(await download.path()))).toEqual({ 'index.js': 'main' });
    server.world.node.change(id, { state: 'stopped' });
    await status(page, 'Stopped');
    expect(complaints).toEqual([]);
  });
});
