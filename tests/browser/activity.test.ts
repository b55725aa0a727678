import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Event } from '../../src/domain/event.ts';
import { anEvent } from '../fakes/rows.ts';
import { startChromium, type TestBrowser } from './chromium.ts';
import { type ConsoleServer, startConsole } from './console-server.ts';
import { createApp, idOf, lookAgain, signIn } from './console-steps.ts';

let browser: TestBrowser;

beforeAll(async () => {
  browser = await startChromium();
});
afterAll(() => browser[Symbol.asyncDispose]());

async function happened({ world }: ConsoleServer, fields: Partial<Event>): Promise<void> {
  const { newId, clock, store } = world.ports;
  const event = anEvent({ id: newId(), owner: 'default', createdAt: clock(), ...fields });
  await store.commit({ kind: 'event', event });
}

describe('the activity page', () => {
  it('is found in the header, filters by kind, leads to apps, and tells by itself what is new', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page, complaints } = visit;
    await signIn(page, server);
    await createApp(page, server, { name: 'Shop' });
    const appId = idOf(page);
    await page.getByRole('link', { name: 'Activity' }).click();
    await page.getByRole('heading', { name: 'Activity', level: 1 }).waitFor();
    await page.getByText('The sandbox was started.').waitFor();

    await page.getByRole('link', { name: 'Apps', exact: true }).click();
    await page.waitForURL('**/activity?kind=apps');
    expect(await page.getByText('The sandbox was started.').count()).toBe(0);
    await happened(server, { type: 'app.updated', message: 'App "Shop" was updated.', appId });
    await lookAgain(page);
    await page.getByText('App "Shop" was updated.').waitFor();
    expect(await page.locator('.tab[aria-current]').innerText()).toBe('Apps');

    await page.getByRole('link', { name: 'Shop', exact: true }).first().click();
    await page.waitForURL(`**/apps/${appId}`);
    expect(complaints).toEqual([]);
  });

  it.each([
    ['wide', { width: 1280, dark: false }],
    ['dark', { width: 1280, dark: true }],
    ['narrow', { width: 360, dark: false }],
  ])('stays within a %s window, header included', async (_, options) => {
    await using server = await startConsole();
    await using visit = await browser.open(options);
    const { page, complaints } = visit;
    await signIn(page, server);
    await createApp(page, server, { name: 'A shop with a rather long name that goes on and on' });
    const appId = idOf(page);
    const long = 'averyveryverylongwordwithoutanyspacesinit'.repeat(4);
    await happened(server, { type: 'task.build.failed', severity: 'error', message: long, appId });
    await happened(server, { type: 'preview.health.failed', severity: 'warning', message: 'It is down.' });
    await page.goto(`${server.origin}/activity`);
    await page.getByText('It is down.').waitFor();
    const [content, window] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.clientWidth,
    ]);
    expect(content).toBe(window);
    expect(complaints).toEqual([]);
  });
});
