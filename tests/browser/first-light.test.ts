import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Installation } from '../harness/installation.ts';
import { startChromium, type TestBrowser } from './chromium.ts';

let site: Installation;
let browser: TestBrowser;

beforeAll(async () => {
  site = await Installation.make();
  await site.up();
  browser = await startChromium();
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

const status = (page: Page, text: string) =>
  page.getByRole('status', { name: 'Status' }).getByText(text, { exact: true }).waitFor({ timeout: 20_000 });

/** Complaints that are about the app being asleep or restarting, which is what these tests make it do. */
const EXPECTED = /status of 503|\[vite\]|WebSocket|ERR_/;

describe('first light, by clicking', () => {
  it('a login link, a new app, its live preview, an edit that shows by itself, sleep, a visit that wakes it, deletion', async () => {
    await using visit = await browser.open();
    const { page, complaints } = visit;
    await page.goto(await site.loginLink());
    await page.waitForURL(`${site.base}/`);

    await page.getByRole('link', { name: 'New app' }).first().click();
    await page.getByLabel('Name').fill('By clicking');
    await page.getByRole('radio', { name: 'React + Vite' }).check();
    // An edit made before the page listens for edits would go unnoticed.
    const listening = page.waitForEvent('console', {
      predicate: (message) => message.text().includes('[vite] connected'),
      timeout: 60_000,
    });
    await page.getByRole('button', { name: 'Create app' }).click();
    await status(page, 'Ready');
    const preview = page.frameLocator('iframe');
    await preview.getByRole('heading').first().waitFor();
    await listening;

    const { sandboxes } = await site.json<{ sandboxes: { id: string; preview: { url: string } }[] }>(
      'GET',
      '/v1/sandboxes',
    );
    const [sandbox] = sandboxes;
    if (sandbox === undefined) throw new Error('there is no sandbox');
    const body = 'export default function App() { return <h1>Edited while you look</h1>; }\n';
    await site.api('PUT', `/v1/sandboxes/${sandbox.id}/files?path=src/App.tsx`, { body });
    await preview.getByRole('heading', { name: 'Edited while you look' }).waitFor();

    await page.getByRole('button', { name: 'Stop' }).click();
    await status(page, 'Stopped');

    await using visitor = await browser.open();
    await visitor.page.goto(sandbox.preview.url);
    await visitor.page.getByRole('heading', { name: 'Edited while you look' }).waitFor({ timeout: 15_000 });
    await status(page, 'Ready');

    await page.getByRole('link', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete app' }).click();
    await page.getByRole('heading', { name: 'Create your first app' }).waitFor({ timeout: 20_000 });
    expect(await site.inEngine()).toEqual({ containers: [], volumes: [] });
    expect(await readdir(join(site.dataDir, 'sandboxes'))).toEqual([]);
    expect(complaints.filter((complaint) => !EXPECTED.test(complaint))).toEqual([]);
  });
});
