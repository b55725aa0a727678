import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startScriptedProvider } from '../doubles/scripted-provider.ts';
import { Installation } from '../harness/installation.ts';
import { Browsing } from '../harness/leaks/browsing.ts';
import { Evidence, type Leak } from '../harness/leaks/evidence.ts';
import { Journey } from '../harness/leaks/journey.ts';
import { makeMistakes } from '../harness/leaks/mistakes.ts';
import { CONFIGURED_TOKEN, PLANTED, PROVIDER_KEY, TELLTALE, VALUES } from '../harness/leaks/planted.ts';
import { startReceiver } from '../harness/receiver.ts';

const JOURNEY_MS = 240_000;

const scope = new AsyncDisposableStack();
const evidence = new Evidence();
let leaks: Leak[] = [];
let journey: Journey;
let phase = '';

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sandboxd-leaks-'));
  scope.defer(() => rm(directory, { recursive: true, force: true }));
  const temporary = join(directory, 'tmp');
  await mkdir(temporary);
  const provider = scope.use(
    await startScriptedProvider({
      ok: TELLTALE,
      key: PROVIDER_KEY,
      repeated: `You sent ${PROVIDER_KEY}, and ${VALUES.AGENT_KEY} with it.`,
    }),
  );
  const receivers = [
    scope.use(await startReceiver()),
    scope.use(
      await startReceiver((incoming, answer) => answer.writeHead(500).end(JSON.stringify(incoming.headers))),
    ),
  ] as const;
  const site = scope.use(
    await Installation.make({
      SANDBOXD_LOG_LEVEL: 'debug',
      SANDBOXD_ANTHROPIC_URL: `${provider.url}/v1`,
      SANDBOXD_API_TOKENS: `acme:${CONFIGURED_TOKEN}`,
      SANDBOXD_WEBHOOKS_TO_PRIVATE: 'true',
      TMPDIR: temporary,
    }),
  );
  site.onAnswer = (request, { status, headers, bytes }) =>
    evidence.keep(
      'answer',
      `${phase}${request} ${status}`,
      Buffer.concat([Buffer.from(JSON.stringify(headers)), bytes]),
    );
  journey = new Journey({ site, evidence, receivers, directory });
  const step = async (name: string, work: () => Promise<unknown>) => {
    const begun = performance.now();
    const result = await work();
    console.log(`${name}: ${Math.round(performance.now() - begun)} ms`, result ?? '');
  };
  await step('up', () => site.up());
  const browsing = new Browsing(journey);
  phase = 'early: ';
  await step('configure', () => journey.configure());
  await step('toggle', () => journey.toggle());
  phase = '';
  await step('sign up and settle', () => Promise.all([journey.signUp(), journey.settle()]));
  await step('sign in', () => browsing.signIn());
  await step('fill in', () => browsing.fillIn());
  await step('chatter', () => journey.chatter());
  const tasks: string[] = [];
  await step('task', async () => {
    tasks.push(await journey.work('ok'));
  });
  await step('task 2', async () => {
    tasks.push(await journey.work('401'));
  });
  await step('mistakes', () => makeMistakes(journey));
  await step('browse', () => browsing.lookAround(tasks));
  await step('kill', async () => {
    await site.kill();
    await site.up();
  });
  await step('copies', () => journey.copies());
  await step('review', () => journey.review());
  await step('backup', () => journey.backUp());
  await step('rotate', () => journey.rotate());
  await step('inspect', () => journey.inspect());
  for (const receiver of receivers)
    for (const request of receiver.received)
      evidence.keep('request', `webhook ${request.path}`, JSON.stringify(request));
  await step('search', async () => {
    leaks = await evidence.leaksOf([...PLANTED, ...journey.made], [site.dataDir, directory]);
  });
}, JOURNEY_MS);
afterAll(() => scope.disposeAsync());

describe('a secret', () => {
  it('is nowhere', () => {
    console.log(evidence.searched);
    expect(leaks.map(({ place, secret, form }) => `${secret} (${form}) in ${place}`)).toEqual([]);
  });
});
