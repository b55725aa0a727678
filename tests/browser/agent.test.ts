import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AgentBench, EDITED, KEY } from '../harness/agent-bench.ts';
import { startChromium, type TestBrowser } from './chromium.ts';

/** The quickest of them: what is looked at here is what they have in common. */
const AGENT = 'claude-code';

let bench: AgentBench;
let browser: TestBrowser;

beforeAll(async () => {
  bench = await AgentBench.make([AGENT], { hasKeys: false });
  browser = await startChromium();
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  await bench?.[Symbol.asyncDispose]();
});

/** Complaints that are about the app being started and built anew, which is what agents make it do. */
const EXPECTED = /status of 503|\[vite\]|WebSocket|ERR_/;

describe('a real agent, asked by clicking', () => {
  it('changes the app before one’s eyes, says what it did, and can be taken back', async () => {
    await using visit = await browser.open({ width: 1440, height: 1000 });
    const { page, complaints } = visit;
    await page.goto(await bench.site.loginLink());
    await page.getByRole('link', { name: 'New app' }).first().click();
    await page.getByLabel('Name').fill('By an agent');
    await page.getByRole('radio', { name: 'React + Vite' }).check();
    await page.getByRole('button', { name: 'Create app' }).click();
    const preview = page.frameLocator('iframe');
    await preview.getByText('It runs').waitFor({ timeout: 60_000 });

    await page.getByRole('link', { name: 'Set a key' }).click();
    await page.getByLabel('API key').first().fill(KEY);
    await page.getByRole('button', { name: 'Save the key for Anthropic' }).click();
    await page.getByRole('textbox', { name: 'Prompt' }).fill('Say that it was changed.');
    await page.getByRole('combobox', { name: 'Agent' }).selectOption({ label: 'Claude Code' });
    await page.getByRole('button', { name: 'Send' }).click();

    await preview.getByText(EDITED).waitFor({ timeout: 60_000 });
    const result = page.getByRole('list', { name: 'Result' }).getByRole('listitem');
    await expect
      .poll(() => result.allInnerTexts(), { timeout: 60_000 })
      .toEqual(['Succeeded', 'Build passed', 'Preview serves', 'App healthy']);
    await page.getByRole('log', { name: 'Log of the task' }).getByText('Edit src/App.tsx').waitFor();

    await page.getByRole('link', { name: 'Changes and log' }).click();
    await page.getByText(`+        ${EDITED}`).waitFor();
    await page.getByRole('link', { name: 'Revert' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revert' }).click();
    await page.getByText('The app is as it was before this task. 1 file was put back.').waitFor();
    await page.getByRole('link', { name: 'By an agent' }).first().click();
    await preview.getByText('It runs').waitFor({ timeout: 60_000 });
    expect(complaints.filter((complaint) => !EXPECTED.test(complaint))).toEqual([]);
  });
});
