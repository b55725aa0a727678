import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { setUpPassword } from '../../src/domain/password-commands.ts';
import { type PageOptions, startChromium, type TestBrowser } from './chromium.ts';
import { type ConsoleServer, startConsole } from './console-server.ts';
import { signIn } from './console-steps.ts';

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

const SCREENS: PageOptions[] = [
  { width: 1280, height: 860 },
  { width: 390, height: 800, dark: true },
  { width: 390, height: 800, scripts: false },
];

describe('a console with a password', () => {
  it.each(SCREENS)('lets in who types it, with %j', async (options) => {
    const owner = { owner: 'default', via: 'session', actor: { kind: 'session' } } as const;
    await setUpPassword(server.world.ports, owner, { password: PASSWORD });
    await using visit = await browser.open(options);
    const { page, complaints } = visit;
    await page.goto(`${server.origin}/apps/new`);
    await page.getByLabel('Password').press('Enter');
    expect(await page.locator('#password:invalid:focus').count()).toBe(1);
    await page.getByLabel('Password').fill('wrong');
    await page.getByLabel('Password').press('Enter');
    await page.getByText('This is not the password.').waitFor();
    await page.getByText('Other ways in').click();
    await page.getByLabel('API token').waitFor();
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.waitForURL(`${server.origin}/apps/new`);
    expect(complaints.filter((complaint) => !complaint.includes('status of 401'))).toEqual([]);
  });
});

describe('the audit log', () => {
  it.each(SCREENS)('fits the screen, and ends all sessions from there, with %j', async (options) => {
    await using elsewhere = await browser.open();
    await signIn(elsewhere.page, server);
    await using visit = await browser.open(options);
    const { page, complaints } = visit;
    await page.goto(await server.loginLink());
    // Without scripts the link is followed by hand.
    if (options.scripts === false) await page.getByRole('button', { name: 'Open the console' }).click();
    await page.waitForURL(`${server.origin}/`);
    await page.getByRole('link', { name: 'Activity' }).click();
    await page.getByRole('link', { name: 'Audit log' }).click();
    const row = page.getByRole('row').filter({ hasText: 'POST /login/:secret' });
    await expect.poll(() => row.count()).toBe(2);
    expect(await row.first().innerText()).toContain('Done');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(options.width);
    await page.getByRole('button', { name: 'Sign out everywhere' }).click();
    await page.waitForURL(`${server.origin}/login`);
    await elsewhere.page.goto(server.origin);
    await elsewhere.page.waitForURL(`${server.origin}/login`);
    expect(complaints).toEqual([]);
  });
});
