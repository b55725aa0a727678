import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AGENT_IDS, findAgent } from '../../src/domain/coding-agent.ts';
import { REPORTED_USAGE } from '../doubles/provider/wire.ts';
import { visitUntil } from '../harness/http.ts';
import { AgentBench, type PublicEvent, type TaskResult } from './agent-bench.ts';

/** Seconds a provider may be silent here. */
const SILENCE = 3;
const LIMIT_MS = 180_000;
/** A survivor of a cancelled task is looked for after so many milliseconds. */
const SURVIVAL_MS = 5000;

let bench: AgentBench;

beforeAll(async () => {
  bench = await AgentBench.make(AGENT_IDS, { SANDBOXD_PROVIDER_SILENCE_SECONDS: String(SILENCE) });
});
afterAll(() => bench?.[Symbol.asyncDispose]());

const types = (events: readonly PublicEvent[]): string[] =>
  events
    .map(({ event, data }) => (event === 'status' ? `status:${String(data['phase'])}` : event))
    .filter((type, index, all) => type !== all[index - 1]);

const isWorking = ({ event, data }: PublicEvent): boolean =>
  event === 'tool' && data['kind'] === 'execute' && data['status'] === 'running';

// Side by side, each with its own sandbox and provider: most of the time is spent waiting for what they do.
describe.concurrent.for(AGENT_IDS)('%s, in a real sandbox', (agent) => {
  describe('does its task', { concurrent: false }, () => {
    const box = { id: '', url: '' };
    const provider = () => bench.provider(agent);

    /** One task from beginning to end, with the provider in this mood. */
    async function work(scenario: string, more: object = {}): Promise<TaskResult> {
      provider().scenario = scenario;
      const task = await bench.submit(box.id, agent, { timeout_s: 120, ...more });
      return bench.ended(box.id, task);
    }

    /** A task in the middle of a shell command that never ends. */
    async function workingTask(more: object = {}): Promise<string> {
      provider().scenario = 'bash';
      const task = await bench.submit(box.id, agent, { timeout_s: 120, ...more });
      await bench.events(box.id, task, { enough: isWorking });
      await expect.poll(() => bench.shell(box.id, 'pgrep -f "^tail -f /dev/null"')).not.toBe('');
      return task;
    }

    /** Everything in the sandbox that is the agent, or was started by it. */
    const survivors = () =>
      bench.shell(box.id, `pgrep -fa '^tail -f /dev/null|/${findAgent(agent)?.program}( |$)' || true`);

    beforeAll(async () => {
      const { id, preview } = await bench.newSandbox(agent);
      Object.assign(box, { id, url: preview.url });
      await visitUntil(200, preview.url, LIMIT_MS);
    });

    it('and the app shows what it did, told in order and whole', { timeout: LIMIT_MS }, async () => {
      provider().scenario = 'ok';
      const task = await bench.submit(box.id, agent);
      const events = await bench.events(box.id, task);
      expect(types(events).filter((type) => type.startsWith('status') || type === 'build')).toEqual([
        'status:checkpoint',
        'status:agent',
        'status:build',
        'build',
        'status:restart',
        'status:health',
        'status:result',
      ]);
      expect(types(events)).toContain('tool');
      expect(types(events).at(-1)).toBe('done');
      expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => index + 1));
      expect(events.filter(({ event }) => event === 'done')).toHaveLength(1);

      const result = await bench.result(box.id, task);
      expect(result).toMatchObject({
        status: 'succeeded',
        files_changed: ['src/App.tsx'],
        agent_message_final: 'Done: src/App.tsx is changed.',
        build_status: 'passed',
        build_ok: true,
        preview_status_after: 'ready',
        preview_ok: true,
        app_healthy: true,
      });
      expect(events.at(-1)?.data).toMatchObject({ ...result });
      await expect
        .poll(async () => (await visitUntil(200, `${box.url}/src/App.tsx`, LIMIT_MS)).text)
        .toContain('It was changed by an agent');
    });

    it('and what it changed and said can be read, and heard again from anywhere', async () => {
      const [last] = (await bench.site.json<{ tasks: TaskResult[] }>('GET', `/v1/sandboxes/${box.id}/tasks`))
        .tasks;
      const task = last?.id ?? '';
      const path = `/v1/sandboxes/${box.id}/tasks/${task}`;
      expect((await bench.site.api('GET', `${path}/diff`)).text).toContain(
        '+        It was changed by an agent',
      );
      expect((await bench.site.api('GET', `${path}/log`)).text).toContain('Done: src/App.tsx');
      const all = await bench.events(box.id, task);
      expect(await bench.events(box.id, task, { since: 5 })).toEqual(all.slice(5));
      const said = (await bench.site.json<{ events: { type: string }[] }>('GET', `/v1/tasks/${task}/events`))
        .events;
      expect(said.map(({ type }) => type)).toEqual(['task.completed', 'task.started']);
    });

    it('with what it took counted, and with the key only where it belongs', async () => {
      const { tokens } = (
        await bench.site.json<{ tasks: TaskResult[] }>('GET', `/v1/sandboxes/${box.id}/tasks`)
      ).tasks[0] as TaskResult;
      const answers = provider().requests.filter(({ status }) => status === 200).length;
      expect(tokens).toMatchObject({
        input: answers * REPORTED_USAGE.input,
        output: answers * REPORTED_USAGE.output,
        cache_read: answers * REPORTED_USAGE.cacheRead,
      });
      expect(provider().requests.map(({ status }) => status)).not.toContain(401);
      // What follows needs no look at whether the app builds.
      const body = 'version: 1\nweb: { command: pnpm dev }\nbuild: { command: "" }\n';
      await bench.site.api('PUT', `/v1/sandboxes/${box.id}/files?path=sandbox.yaml`, { body });
    });

    it('or goes on where it left off', { timeout: LIMIT_MS }, async () => {
      await work('remember', { prompt: 'My favourite colour is teal.', continue: false });
      const second = await work('remember', { prompt: 'Which colour?' });
      expect(second).toMatchObject({
        status: 'succeeded',
        build_status: 'skipped',
        build_ok: false,
        agent_message_final: 'I remember: My favourite colour is teal.',
      });
      expect(await work('remember', { prompt: 'Which colour?', continue: false })).toMatchObject({
        agent_message_final: 'I remember nothing.',
      });
    });

    it.for([
      ['401', 'The API key is not valid.'],
      ['402', 'The account has no credit left.'],
      ['429-quota', 'quota'],
    ])('or fails at once when its provider answers %s', { timeout: LIMIT_MS }, async ([scenario, words]) => {
      const before = provider().requests.length;
      const result = await work(scenario as string);
      expect(result).toMatchObject({ status: 'failed', failure_reason: 'provider_error' });
      expect(result.error_message).toContain(words);
      // One for the prompt, and whatever errand the agent runs beside it: nothing is tried again.
      expect(provider().requests.length - before).toBeLessThanOrEqual(3);
    });

    it.for(['429', '500', 'hang', 'stall'])(
      'or fails when its provider stays like this: %s',
      { timeout: LIMIT_MS },
      async (scenario) => {
        const result = await work(scenario);
        expect(result).toMatchObject({ status: 'failed', failure_reason: 'provider_error' });
        expect(result.error_message).not.toBe('');
      },
    );

    it('or runs out of time, and leaves nothing running', { timeout: LIMIT_MS }, async () => {
      const begun = performance.now();
      const task = await workingTask({ timeout_s: 15 });
      expect(await bench.ended(box.id, task)).toMatchObject({
        status: 'failed',
        failure_reason: 'agent_timeout',
      });
      expect(performance.now() - begun).toBeGreaterThan(15_000);
      expect(await survivors()).toBe('');
    });

    it('or is cancelled in the middle of a long command, of which nothing survives', {
      timeout: LIMIT_MS,
    }, async () => {
      const task = await workingTask();
      const path = `/v1/sandboxes/${box.id}/tasks/${task}/cancel`;
      expect(await bench.site.json('POST', path)).toEqual({ id: task, status: 'cancelling' });
      const begun = performance.now();
      const result = await bench.ended(box.id, task);
      expect(performance.now() - begun).toBeLessThan(10_000);
      expect(result).toMatchObject({
        status: 'cancelled',
        failure_reason: 'cancelled',
        build_status: 'skipped',
      });
      await expect.poll(survivors, { timeout: SURVIVAL_MS }).toBe('');
      expect((await bench.site.api('POST', path)).status).toBe(409);
    });

    it('or fails when it is killed', { timeout: LIMIT_MS }, async () => {
      const task = await workingTask();
      const killed = await bench.shell(
        box.id,
        `pkill -KILL -f '/${findAgent(agent)?.program}( |$)'; echo $?`,
      );
      expect(killed.trim()).toBe('0');
      const result = await bench.ended(box.id, task);
      expect(result).toMatchObject({ status: 'failed', failure_reason: 'agent_error' });
      await expect.poll(survivors, { timeout: SURVIVAL_MS }).toBe('');
    });
  });
});
