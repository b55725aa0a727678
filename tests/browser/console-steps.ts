import type { Page } from 'playwright-core';
import { onTestFailed } from 'vitest';
import type { ConsoleServer } from './console-server.ts';

/** What visitors of the console do in most tests. */

/** The app whose page is open. */
export const idOf = (page: Page) => new URL(page.url()).pathname.slice('/apps/'.length);

/** Goes in by a login link. */
export async function signIn(page: Page, server: ConsoleServer) {
  onTestFailed(() => console.error('was at', page.url(), 'logged', server.world.logged));
  await page.goto(await server.loginLink());
  await page.waitForURL(`${server.origin}/`);
}

/** Makes an app by its form, and stays on its page. */
export async function createApp(
  page: Page,
  server: ConsoleServer,
  { name = 'Shop', preset = 'React + Vite' } = {},
) {
  await page.goto(`${server.origin}/apps/new`);
  await page.getByLabel('Name').fill(name);
  await page.getByRole('radio', { name: preset }).check();
  await page.getByRole('button', { name: 'Create app' }).click();
  await page.getByRole('heading', { name, level: 1 }).waitFor();
}

/** What a visitor does who comes back to the tab: the page looks again at once. */
export const lookAgain = (page: Page) =>
  page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));

/** Waits until the page of an app says how it is. */
export const status = (page: Page, text: string) =>
  page.getByRole('status', { name: 'Status' }).getByText(text, { exact: true }).waitFor();

/** The one sandbox there is. */
export const onlySandbox = async ({ world }: ConsoleServer) => {
  const [sandbox] = await world.ports.store.sandboxes.list('default', { limit: 1 });
  if (sandbox === undefined) throw new Error('there is no sandbox');
  return sandbox;
};
