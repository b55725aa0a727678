import { afterAll, beforeAll, describe, it } from 'vitest';
import { AGENT_IDS } from '../../src/domain/coding-agent.ts';
import { REPORTED_USAGE } from '../doubles/provider/wire.ts';
import { visitUntil } from '../harness/http.ts';
import { AgentBench, Desk, EDITED } from '../harness/agent-bench.ts';

/** Seconds a provider may be silent here. */
const SILENCE = 3;
const LIMIT_MS = 240_000;
/** A survivor of a task is looked for after so many milliseconds. */
const SURVIVAL_MS = 5000;

let bench: AgentBench;

beforeAll(async () => {
  bench = await AgentBench.make(AGENT_IDS, { env: { SANDBOXD_PROVIDER_SILENCE_SECONDS: String(SILENCE) } });
});
afterAll(() => bench?.[Symbol.asyncDispose]());

/** The ways of a provider to let its agents down, and what is said of each. */
const TROUBLES = [
  ['hang', `did not answer for ${SILENCE} s`],
  ['stall', `${SILENCE} s`],
  ['429', 'Too many requests.'],
  ['500', 'Something went wrong inside.'],
] as const;

/**
 * Side by side, in sandboxes of their own, and the agents in turn: opencode keeps the processors busy while the others mostly
 * wait. Those that wait the longest come first.
 */
describe.concurrent('in a real sandbox', () => {
  it.for(AGENT_IDS)(
    '%s runs out of time, or is cancelled, or killed, and nothing of it survives',
    {
      timeout: LIMIT_MS,
    },
    async (agent, { expect }) => {
      const desk = await Desk.at(bench, agent);
      const asked = performance.now();
      const unwanted = await desk.busyTask();
      const busyAfter = performance.now() - asked;
      expect(await desk.family()).not.toBe('');
      const cancel = `/v1/sandboxes/${desk.sandbox}/tasks/${unwanted}/cancel`;
      expect(await bench.site.json('POST', cancel)).toEqual({ id: unwanted, status: 'cancelling' });
      const begun = performance.now();
      const cancelled = { status: 'cancelled', failure_reason: 'cancelled', build_status: 'skipped' };
      expect(await desk.ended(unwanted)).toMatchObject(cancelled);
      expect(performance.now() - begun).toBeLessThan(10_000);
      await expect.poll(() => desk.family(), { timeout: SURVIVAL_MS }).toBe('');
      expect((await bench.site.api('POST', cancel)).status).toBe(409);

      const killed = await desk.busyTask();
      await desk.killAgent();
      expect(await desk.ended(killed)).toMatchObject({ status: 'failed', failure_reason: 'agent_error' });
      await expect.poll(() => desk.family(), { timeout: SURVIVAL_MS }).toBe('');

      // Enough to come to a shell command again, and little more: Codex does not wait for one longer than half a minute.
      const late = await desk.busyTask({ timeout_s: Math.ceil((2 * busyAfter) / 1000) + 4 });
      expect(await desk.family()).not.toBe('');
      expect(await desk.ended(late)).toMatchObject({ status: 'failed', failure_reason: 'agent_timeout' });
      expect(await desk.family()).toBe('');
    },
  );

  it.for(TROUBLES.flatMap((trouble) => AGENT_IDS.map((agent) => [agent, ...trouble] as const)))(
    '%s gives up when its provider stays like this: %s',
    { timeout: LIMIT_MS },
    async ([agent, scenario, words], { expect }) => {
      const desk = await Desk.at(bench, agent);
      const result = await desk.work(scenario);
      expect(result).toMatchObject({ status: 'failed', failure_reason: 'provider_error' });
      expect(result.error_message).toContain(words);
      expect(desk.asked(scenario)).toBeGreaterThan(1);
    },
  );

  it.for(AGENT_IDS)(
    '%s does its task, told in order and whole, and the app shows it',
    { timeout: LIMIT_MS },
    async (agent, { expect }) => {
      const desk = await Desk.at(bench, agent, 'react-vite');
      await visitUntil(200, desk.url, LIMIT_MS);
      const task = await desk.submit('ok');
      const events = await desk.events(task);
      expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => index + 1));
      const steps = events.map(({ event, data }) => (event === 'status' ? String(data['phase']) : event));
      const order = [
        'checkpoint',
        'agent',
        'message',
        'tool',
        'build',
        'restart',
        'health',
        'result',
        'done',
      ];
      expect(steps.filter((step, index) => steps.indexOf(step) === index)).toEqual(order);
      expect(steps.filter((step) => step === 'done')).toHaveLength(1);

      const result = await desk.result(task);
      expect(events.at(-1)?.data).toMatchObject({ ...result });
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
      const served = async () => (await visitUntil(200, `${desk.url}/src/App.tsx`, LIMIT_MS)).text;
      await expect.poll(served).toContain(EDITED);

      const path = `/v1/sandboxes/${desk.sandbox}/tasks/${task}`;
      expect((await bench.site.api('GET', `${path}/diff`)).text).toContain(`+        ${EDITED}\n`);
      expect((await bench.site.api('GET', `${path}/log`)).text).toContain('src/App.tsx');
      expect(await desk.events(task, { since: 5 })).toEqual(events.slice(5));
      expect(await desk.happened(task)).toEqual(['task.completed', 'task.started']);

      // Every answer counts, those to the agent's own errands as well.
      const answers = (result.tokens['output'] ?? 0) / REPORTED_USAGE.output;
      expect(answers).toBeGreaterThanOrEqual(4);
      expect(result.tokens).toMatchObject({
        input: answers * (REPORTED_USAGE.input - REPORTED_USAGE.cacheRead),
        cache_read: answers * REPORTED_USAGE.cacheRead,
      });
    },
  );

  it.for(AGENT_IDS)(
    '%s goes on where it left off, unless told to begin anew',
    { timeout: LIMIT_MS },
    async (agent, { expect }) => {
      const desk = await Desk.at(bench, agent);
      await desk.work('remember', { prompt: 'My favourite colour is teal.' });
      expect(await desk.work('remember', { prompt: 'Which colour?' })).toMatchObject({
        status: 'succeeded',
        build_status: 'skipped',
        build_ok: false,
        agent_message_final: 'I remember: My favourite colour is teal.',
      });
      expect(await desk.work('remember', { prompt: 'Which colour?', continue: false })).toMatchObject({
        agent_message_final: 'I remember nothing.',
      });
    },
  );

  it.for(AGENT_IDS)(
    '%s fails at once when its provider turns it away',
    { timeout: LIMIT_MS },
    async (agent, { expect }) => {
      const desk = await Desk.at(bench, agent);
      for (const [scenario, words] of [
        ['401', 'The API key is not valid.'],
        ['402', 'The account has no credit left.'],
        ['429-quota', 'The quota of the account is used up.'],
      ] as const) {
        const result = await desk.work(scenario);
        expect(result).toMatchObject({ status: 'failed', failure_reason: 'provider_error' });
        expect(result.error_message).toContain(words);
        // One for the prompt, and one for the agent's own errand beside it: nothing is tried again.
        expect(desk.asked(scenario)).toBeLessThanOrEqual(2);
      }
    },
  );
});
