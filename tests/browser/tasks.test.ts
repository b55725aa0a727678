import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setProviderKey } from '../../src/domain/agent-commands.ts';
import { NO_USAGE, type TaskHappening, type TaskOutcome } from '../../src/domain/task.ts';
import { CANCELLED } from '../fakes/fake-tasks.ts';
import { syncNode } from '../fakes/task-world.ts';
import { startChromium, type TestBrowser } from './chromium.ts';
import { type ConsoleServer, startConsole } from './console-server.ts';
import { createApp, idOf, lookAgain, onlySandbox, signIn } from './console-steps.ts';

let browser: TestBrowser;

beforeAll(async () => {
  browser = await startChromium();
});
afterAll(() => browser[Symbol.asyncDispose]());

const TEST_KEY = { api_key: 'test-key-not-real' };
const DIFF = '--- a/src/App.tsx\n+++ b/src/App.tsx\n@@ -1 +1 @@\n-<h1>Shop</h1>\n+<h1>My shop</h1>\n';

/** The agent of the one app there is. */
class Agent {
  readonly #server: ConsoleServer;

  constructor(server: ConsoleServer) {
    this.#server = server;
  }

  async #inside() {
    return this.#server.world.node.tasksOf((await onlySandbox(this.#server)).id);
  }

  /** The task that was begun last. */
  async task() {
    const task = (await this.#inside()).assignments.at(-1);
    if (task === undefined) throw new Error('there is no task');
    return task;
  }

  async tell(...happenings: TaskHappening[]): Promise<void> {
    const { id } = await this.task();
    for (const happening of happenings) (await this.#inside()).tell(id, happening);
  }

  async finish(outcome: Partial<TaskOutcome> = {}): Promise<void> {
    const { world } = this.#server;
    const inside = await this.#inside();
    inside.diff = async () => Buffer.from(DIFF);
    world.node.finishTask((await onlySandbox(this.#server)).id, (await this.task()).id, outcome);
    await this.#sync();
  }

  /** Lets the node report an end that its sandbox knows of, and who waits for that look again. */
  async end(outcome: TaskOutcome): Promise<void> {
    const { world } = this.#server;
    const about = { taskId: (await this.task()).id, ended: { outcome, usage: NO_USAGE } };
    world.node.report((await onlySandbox(this.#server)).id, 'task.failed', 'A task ended.', {}, about);
    await this.#sync();
  }

  async #sync(): Promise<void> {
    await syncNode(this.#server.world);
    this.#server.world.advance(1000);
  }
}

const says = (id: string, text: string): TaskHappening => ({ type: 'message', data: { id, text } });
const uses = (id: string, title: string, status: 'running' | 'completed'): TaskHappening => ({
  type: 'tool',
  data: {
    id,
    name: 'edit',
    kind: 'edit',
    title,
    status,
    output: status === 'completed' ? 'It was done.' : '',
  },
});

async function atWork(page: Page, server: ConsoleServer): Promise<Agent> {
  await setProviderKey(server.world.ports, 'default', 'anthropic', TEST_KEY);
  await signIn(page, server);
  await createApp(page, server);
  return new Agent(server);
}

async function send(page: Page, prompt: string) {
  await promptField(page).fill(prompt);
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByRole('heading', { name: 'Working on it' }).waitFor();
}

const promptField = (page: Page) => page.getByRole('textbox', { name: 'Prompt' });
const log = (page: Page) => page.getByRole('log', { name: 'Log of the task' });
const result = (page: Page) => page.getByRole('list', { name: 'Result' });

async function setHidden(page: Page, hidden: boolean): Promise<void> {
  await page.evaluate(
    (value) => Object.defineProperty(document, 'hidden', { configurable: true, value }),
    hidden,
  );
  await lookAgain(page);
}

/** By how many pixels a page is wider than its window, for windows of three widths. */
async function overflows(page: Page): Promise<number[]> {
  const found: number[] = [];
  for (const width of [360, 768, 1440]) {
    await page.setViewportSize({ width, height: 860 });
    found.push(
      await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth),
    );
  }
  return found;
}

describe('an agent in the console', () => {
  it('gets a key, works where one sees it, and has what it did judged, shown and reverted', async () => {
    await using server = await startConsole();
    await using visit = await browser.open({ width: 1440 });
    const { page, complaints } = visit;
    const agent = new Agent(server);
    await signIn(page, server);
    await createApp(page, server);
    const here = page.url();
    await page.getByRole('link', { name: 'Set a key' }).click();
    await page.getByLabel('API key').first().fill(TEST_KEY.api_key);
    await page.getByRole('button', { name: 'Save the key for Anthropic' }).click();
    await page.waitForURL(here);
    const { id } = await onlySandbox(server);
    await page.frameLocator('iframe').getByRole('heading').waitFor();
    const visits = server.visits.get(id);

    await send(page, 'Call it “My shop”.');
    expect(await promptField(page).inputValue()).toBe('');
    expect(await promptField(page).evaluate((field) => document.activeElement === field)).toBe(true);
    await agent.tell(says('a', 'I will change '), says('a', 'the **title**.'));
    await log(page).getByText('I will change the title.').waitFor();
    await agent.tell(uses('t', 'Edit src/App.tsx', 'running'));
    await log(page).getByText('running').waitFor({ state: 'attached' });
    await agent.tell(uses('t', 'Edit src/App.tsx', 'completed'));
    await log(page).getByText('done', { exact: true }).waitFor({ state: 'attached' });
    await log(page).getByText('Edit src/App.tsx').click();
    await log(page).getByText('It was done.').waitFor();
    await agent.tell(uses('t', 'Edit src/App.tsx', 'completed'), says('b', 'That was all.'));
    await log(page).getByText('That was all.').waitFor();
    expect(await log(page).getByText('It was done.').isVisible()).toBe(true);
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('SUMMARY');
    expect(await result(page).count()).toBe(0);
    expect(await page.getByText('Succeeded').count()).toBe(0);

    await agent.finish({ agent_message_final: 'It is called `My shop` now.' });
    await expect
      .poll(() => result(page).getByRole('listitem').allInnerTexts())
      .toEqual(['Succeeded', 'Build passed', 'Preview serves', 'App healthy']);
    expect(await log(page).getByText('Edit src/App.tsx').count()).toBe(1);
    expect(server.visits.get(id)).toBe(visits);

    await page.getByRole('link', { name: 'Changes and log' }).click();
    await page.getByText('+<h1>My shop</h1>').waitFor();
    await log(page).getByText('I will change the title.').waitFor();
    await page.getByRole('link', { name: 'Revert' }).click();
    const dialog = page.getByRole('dialog', { name: 'Revert this task?' });
    await dialog.getByText('everything that was changed after it').waitFor();
    await dialog.getByRole('button', { name: 'Revert' }).click();
    await page.getByText('The app is as it was before this task. 1 file was put back.').waitFor();
    expect(server.world.node.tasksOf(id).reverted).toHaveLength(1);
    await page.getByRole('status').getByRole('button', { name: 'Undo' }).click();
    await page.getByText('The app is as it was before that revert. 1 file was put back.').waitFor();
    expect(server.world.node.tasksOf(id).restored).toHaveLength(1);
    await page.getByRole('link', { name: 'All tasks' }).click();
    await page.getByRole('link', { name: 'Call it “My shop”.' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('is followed across lost connections, and nothing it says is shown twice', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page } = visit;
    const agent = await atWork(page, server);
    await send(page, 'Talk.');
    await agent.tell(says('a', 'first '), says('b', 'second'));
    await log(page).getByText('second').waitFor();
    server.dropConnections();
    await agent.tell(says('a', 'goes on'), says('c', 'third'));
    await log(page).getByText('third').waitFor();
    await page.reload();
    await agent.tell(says('d', 'fourth'));
    await log(page).getByText('fourth').waitFor();
    const rows = await log(page).getByRole('listitem').allInnerTexts();
    expect(rows.map((row) => row.trim()).slice(1)).toEqual(['first goes on', 'second', 'third', 'fourth']);

    // While nobody looks nothing is asked; then what is missing is.
    await setHidden(page, true);
    await agent.tell(says('e', 'fifth'));
    const asked = page.waitForRequest(/events\?since=6$/);
    await setHidden(page, false);
    await asked;
    await log(page).getByText('fifth').waitFor();
    await agent.finish();
    await result(page).waitFor();
    expect(await log(page).getByRole('listitem').count()).toBe(rows.length + 1);
  });

  it('leaves the reader where they are, and those at the end at the end', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page } = visit;
    const agent = await atWork(page, server);
    await send(page, 'Talk.');
    for (let n = 1; n <= 40; n += 1) await agent.tell(says(`m${n}`, `line ${n}`));
    await log(page).getByText('line 40').waitFor();
    const fromEnd = () =>
      log(page).evaluate((box) => Math.round(box.scrollHeight - box.scrollTop - box.clientHeight));
    await expect.poll(fromEnd).toBeLessThan(2);
    await log(page).evaluate((box) => box.scrollTo(0, 100));
    await agent.tell(says('m41', 'line 41'));
    await log(page).getByText('line 41').waitFor({ state: 'attached' });
    await lookAgain(page);
    expect(await log(page).evaluate((box) => box.scrollTop)).toBe(100);
    await log(page).evaluate((box) => box.scrollTo(0, box.scrollHeight));
    await agent.tell(says('m42', 'line 42'));
    await log(page).getByText('line 42').waitFor();
    await expect.poll(fromEnd).toBeLessThan(2);
  });

  it('is cancelled, and what it was doing stays unfinished', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page, complaints } = visit;
    const agent = await atWork(page, server);
    await send(page, 'Work for ever.');
    await agent.tell(uses('t', 'Edit src/App.tsx', 'running'));
    await log(page).getByText('Edit src/App.tsx').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await expect
      .poll(async () => server.world.node.tasksOf((await onlySandbox(server)).id).endings)
      .toHaveLength(1);
    await agent.end(CANCELLED);
    await expect
      .poll(() => result(page).getByRole('listitem').allInnerTexts())
      .toEqual(['Cancelled', 'Build skipped']);
    await log(page).getByText('unfinished').waitFor();
    await page.getByRole('button', { name: 'Send' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('is asked from the keyboard; what was refused stays written, and so does what is being written', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    await using other = await browser.open();
    const { page } = visit;
    const agent = await atWork(page, server);
    await signIn(other.page, server);
    await other.page.goto(page.url());
    const draft = promptField(other.page);
    await draft.fill('Something else.');
    await promptField(page).fill('Make it red.');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('heading', { name: 'Working on it' }).waitFor();
    await agent.tell(says('a', 'On it.'));

    // The second tab has a prompt half written, and learns of the task by itself.
    await log(other.page).getByText('On it.').waitFor();
    expect(await draft.inputValue()).toBe('Something else.');
    expect(await draft.evaluate((field) => document.activeElement === field)).toBe(true);
    await other.page.locator('#prompt-form').evaluate((form: HTMLFormElement) => form.requestSubmit());
    const refusal = other.page.locator('#prompt-problem').getByRole('alert');
    await refusal.getByText('task').waitFor();
    await lookAgain(other.page);
    await other.page.waitForResponse((response) => response.url() === page.url());
    expect(await refusal.count()).toBe(1);
    expect(await draft.inputValue()).toBe('Something else.');
  });

  it('works without scripts', async () => {
    await using server = await startConsole();
    await using visit = await browser.open({ scripts: false });
    const { page, complaints } = visit;
    await setProviderKey(server.world.ports, 'default', 'anthropic', TEST_KEY);
    await page.goto(await server.loginLink());
    await page.getByRole('button', { name: 'Open the console' }).click();
    await createApp(page, server);
    const agent = new Agent(server);
    await send(page, 'Make it red.');
    await agent.tell(says('a', 'I will look first.'));
    await page.getByText('I will look first.').waitFor();
    await agent.finish();
    await result(page).getByText('Succeeded').waitFor();
    await page.getByRole('link', { name: 'Changes and log' }).click();
    await page.getByText('+<h1>My shop</h1>').waitFor();
    await page.getByText('I will look first.').waitFor();
    await page.getByRole('link', { name: 'Revert' }).click();
    await page.getByRole('button', { name: 'Revert' }).click();
    await page.getByText('The app is as it was before this task.').waitFor();
    expect(complaints).toEqual([]);
  });

  it('can say and do what it likes: nothing of it runs', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page, complaints } = visit;
    const hostile = `"><img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;
    const agent = await atWork(page, server);
    await send(page, hostile);
    await agent.tell(
      says(hostile, `${hostile} [click](javascript:document.title='owned')\n\n\`\`\`\n${hostile}\n`),
      {
        type: 'tool',
        data: {
          id: hostile,
          name: hostile,
          kind: 'execute',
          title: hostile,
          status: 'failed',
          path: `${hostile}/x`,
          output: hostile,
        },
      },
      says('end', 'the end'),
    );
    await log(page).getByText('the end').waitFor();
    await agent.finish({ agent_message_final: hostile, files_changed: [hostile], error_message: hostile });
    await result(page).waitFor();
    await page.getByRole('link', { name: 'Changes and log' }).click();
    await log(page).getByText('the end').waitFor();
    expect(await page.title()).not.toBe('owned');
    expect(await page.locator('#live img, #live script').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('fits into windows of any width', async () => {
    await using server = await startConsole();
    await using visit = await browser.open();
    const { page } = visit;
    const long = 'a-word-without-a-single-space-in-it-'.repeat(8);
    const agent = await atWork(page, server);
    const app = `/apps/${idOf(page)}`;
    await send(page, long);
    await agent.tell(
      says('a', `${long} \`${long}\`\n\n\`\`\`\n${long}\n\`\`\`\n`),
      uses('t', long, 'completed'),
    );
    await log(page).getByText(long).last().waitFor();
    expect(await overflows(page)).toEqual([0, 0, 0]);
    const why = { status: 'failed', failure_reason: 'internal', error_message: long } as const;
    await agent.finish({ files_changed: [long], agent_message_final: long, ...why });
    await result(page).waitFor();
    const task = `${app}/tasks/${(await agent.task()).id}`;
    for (const path of [app, task, `${task}/revert`, `${app}/tasks`, `/agents?next=${app}`]) {
      await page.goto(server.origin + path);
      expect([path, await overflows(page)]).toEqual([path, [0, 0, 0]]);
    }
  });
});
