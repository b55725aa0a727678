import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { recorded } from '../../src/domain/record.ts';
import { startChromium, type TestBrowser } from './chromium.ts';
import { type ConsoleServer, startConsole } from './console-server.ts';
import { lookAgain, signIn } from './console-steps.ts';

const PASSWORD = 'test-password-not-real';

let browser: TestBrowser;
let server: ConsoleServer;

beforeAll(async () => {
  browser = await startChromium();
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  server = await startConsole();
});
afterEach(async () => {
  await server?.[Symbol.asyncDispose]();
});

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
const row = (page: Page, text: string) => page.getByRole('listitem').filter({ hasText: text });
/** What is shown this once. */
const secret = (page: Page) => page.locator('.once code').innerText();

/** As wide as it is, and on a telephone. */
async function staysWithin(page: Page): Promise<void> {
  const { width, height } = page.viewportSize() ?? { width: 1280, height: 860 };
  for (const size of [360, width]) {
    await page.setViewportSize({ width: size, height });
    expect([size, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([size, size]);
  }
}

/** An event that the one webhook there is has not been sent, and is not sent any more. */
async function giveUpOne(): Promise<void> {
  const { store, clock } = server.world.ports;
  await store.commit(
    recorded(server.world.ports, 'app.created', { owner: 'default', message: 'It is there.' }),
  );
  const [webhook] = await store.webhooks.list('default');
  const query = { webhookId: webhook?.id ?? '', limit: 1 };
  const [delivery] = await store.webhooks.deliveries('default', query);
  if (delivery === undefined) throw new Error('it is on its way to nobody');
  const dead = {
    status: 'dead',
    attempts: 8,
    lastError: 'The endpoint answered 503.',
    endedAt: clock(),
  } as const;
  await store.commit({ kind: 'delivery.note', delivery: { ...delivery, ...dead } });
}

describe('the settings in a browser', () => {
  it('are changed', async () => {
    await using visit = await browser.open({ dark: true });
    const { page, complaints } = visit;
    await signIn(page, server);
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByLabel('After so many seconds').fill('5');
    await press(page, 'Save');
    await page.getByText('It must be from 60 to 86400.').waitFor();
    await page.getByLabel('After so many seconds').fill('900');
    await press(page, 'Save');
    await page.getByText('In force: 15 minutes.').waitFor();
    await page.getByLabel('New password').fill(PASSWORD);
    await page.getByLabel('The same again').fill(PASSWORD);
    await press(page, 'Set password');
    await page.getByLabel('Current password').waitFor();
    await staysWithin(page);
    expect(await page.content()).not.toContain(PASSWORD);
    await press(page, 'Sign out everywhere else');
    await page.getByText('Sessions elsewhere have ended.').waitFor();
    expect(complaints.filter((complaint) => !complaint.includes('status of 400'))).toEqual([]);
  });
});

describe('API keys in a browser', () => {
  it('are made, shown once and revoked, without scripts too', async () => {
    await using visit = await browser.open({ scripts: false });
    const { page, complaints } = visit;
    await page.goto(await server.loginLink());
    await press(page, 'Open the console');
    await page.goto(`${server.origin}/settings/keys`);
    await page.getByRole('textbox', { name: 'Name' }).fill('CI');
    await page.getByRole('combobox', { name: 'Ends' }).selectOption('Never');
    await press(page, 'Make key');
    const token = await secret(page);
    expect(token).toMatch(/^sbx_/);
    expect(page.url()).not.toContain(token);
    await row(page, 'CI').getByText('does not end').waitFor();
    await staysWithin(page);
    await page.getByRole('link', { name: 'API keys' }).click();
    await page.getByText(token).waitFor({ state: 'detached' });
    expect(await page.content()).not.toContain(token);
    expect(await row(page, 'CI').count()).toBe(1);
    await page.getByRole('link', { name: 'Revoke CI' }).click();
    await press(page, 'Revoke');
    await page.getByText('There is none yet.').waitFor();
    expect(complaints).toEqual([]);
  });
});

describe('webhooks in a browser', () => {
  it('are added, tested, asked about and deleted', async () => {
    await using visit = await browser.open();
    const { page, complaints } = visit;
    await signIn(page, server);
    await page.goto(`${server.origin}/settings/webhooks`);
    const types = page.getByRole('checkbox', { name: 'app.created' });
    expect(await types.isVisible()).toBe(false);
    await page.getByLabel('Only some types').check();
    await types.check();
    await page.getByRole('textbox', { name: 'Address' }).fill(`https://hooks.test/${'long'.repeat(40)}`);
    await staysWithin(page);
    await press(page, 'Add webhook');
    expect(await secret(page)).toMatch(/^whsec_/);
    await staysWithin(page);

    await press(page, 'Send a test');
    await page.getByText('it answered 204').waitFor();
    expect(await page.content()).not.toContain('whsec_');
    // It is the webhook's page that is loaded again: the form is not sent once more.
    await page.reload();
    expect(server.world.webhookSender.sent).toHaveLength(1);
    await giveUpOne();
    await lookAgain(page);
    await row(page, 'app.created').getByText('The endpoint answered 503.').waitFor();
    await staysWithin(page);
    await press(page, 'Send again');
    await row(page, 'app.created').getByText('On its way').waitFor();

    await page.waitForLoadState();
    await page.getByRole('link', { name: 'New secret' }).click();
    await press(page, 'Make a new secret');
    expect(await secret(page)).toMatch(/^whsec_/);
    await page.waitForLoadState();
    await page.getByRole('link', { name: 'Delete' }).click();
    await press(page, 'Delete');
    await page.getByText('There is none yet.').waitFor();
    expect(complaints).toEqual([]);
  });
});
