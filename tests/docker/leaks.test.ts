import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { MASK } from '../../src/domain/mask.ts';
import { startScriptedProvider } from '../doubles/scripted-provider.ts';
import { file, tarOf, zstdOf } from '../harness/archives.ts';
import { Installation } from '../harness/installation.ts';
import { Browsing } from '../harness/leaks/browsing.ts';
import { Evidence, type Leak } from '../harness/leaks/evidence.ts';
import { Journey } from '../harness/leaks/journey.ts';
import { makeMistakes } from '../harness/leaks/mistakes.ts';
import { needlesOf } from '../harness/leaks/needles.ts';
import { CONFIGURED_TOKEN, PLANTED, PROVIDER_KEY, TELLTALE, VALUES } from '../harness/leaks/planted.ts';
import { startReceiver } from '../harness/receiver.ts';

const JOURNEY_MS = 480_000;
const BEFORE = 'before it is secret: ';

/** Where secrets are told on purpose: once, to whoever had them made, or before they were secrets. */
const PURPOSES: readonly (readonly [secret: string, place: RegExp])[] = [
  ['TOGGLED_KEY', new RegExp(`^${BEFORE}POST /v1/apps/\\w+/config 201$`)],
  ['TOGGLED_KEY', new RegExp(`^${BEFORE}GET /v1/apps/\\w+/config 200$`)],
  ['API key', /^POST \/v1\/api-keys 201$/],
  ['webhook secret', /^POST \/v1\/webhooks 201$/],
  ['webhook secret', /^POST \/v1\/webhooks\/\w+\/rotate-secret 200$/],
  ['session', /^console: POST \/login 303$/],
  ['session by link', /^console: POST \/login\/[\w-]+ 303$/],
  // The page that asks whether to use the link up posts to it.
  ['login link', /^console: GET \/login\/[\w-]+ 200$/],
  ['preview link', /^POST \/v1\/sandboxes\/\w+\/preview-link 200$/],
  ['second secrets key', /\/keys\/secrets$/],
];
/** Of the installation, and of what was made of it. */
const SEARCHED_FILES: readonly RegExp[] = [
  /\/sandboxd\.db$/,
  /\/log\/sandboxd\.log$/,
  /\/keys\/secrets$/,
  /\/node\/sandboxes\/.+\.json$/,
  /\/sandboxes\/\w+\/home\/workspace\/app\/web\.cjs$/,
  /\/sandboxes\/\w+\/home\/\.runtimed\/web\.log$/,
  /\/sandboxes\/\w+\/home\/\.runtimed\/agents\/claude-code\/projects\/.+\.jsonl$/,
  /\/sandboxes\/\w+\/home\/\.runtimed\/tasks\/\w+\/.+/,
  /\/snapshots\/.+ » unpacked » .*web\.cjs$/,
  /\/backup\.tar » database\.sqlite\.zst » unpacked$/,
  /\/backup\.tar » node\/.+\.json$/,
  /\/backup\.tar » workspaces\/\w+\.tar\.zst » unpacked » .*web\.cjs$/,
  /\/backup\.tar » snapshots\/.+ » unpacked » .*web\.cjs$/,
];

const scope = new AsyncDisposableStack();
const evidence = new Evidence();
let journey: Journey;
let leaks: Leak[] = [];
/** What the installation shows of its tasks, and the logs of its programs. */
let shown: { readonly tasks: readonly unknown[]; readonly logs: readonly string[] };

async function setUp(): Promise<{ directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'sandboxd-leaks-'));
  scope.defer(() => rm(directory, { recursive: true, force: true }));
  const temporary = join(directory, 'tmp');
  await mkdir(temporary);
  const repeated = `You sent ${PROVIDER_KEY}, and ${VALUES.AGENT_KEY} with it.`;
  const provider = scope.use(await startScriptedProvider({ ok: TELLTALE, key: PROVIDER_KEY, repeated }));
  const receivers = [
    scope.use(await startReceiver()),
    // Repeats what it is sent, and takes none of it.
    scope.use(
      await startReceiver(({ headers }, answer) => answer.writeHead(500).end(JSON.stringify(headers))),
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
  journey = new Journey({ site, evidence, receivers, directory });
  hear('');
  return { directory };
}

/** Keeps every answer from now on. */
function hear(when: string): void {
  journey.site.onAnswer = (request, { status, headers, bytes }) =>
    evidence.keep(
      'answer',
      `${when}${request} ${status}`,
      Buffer.concat([Buffer.from(JSON.stringify(headers)), bytes]),
    );
}

async function travel(): Promise<void> {
  const browsing = new Browsing(journey);
  await journey.site.up();
  hear(BEFORE);
  await journey.configure();
  await journey.toggle();
  hear('');
  await Promise.all([journey.signUp(), journey.settle()]);
  await browsing.signIn();
  await browsing.fillIn();
  await journey.chatter();
  await Promise.all([journey.work('ok'), makeMistakes(journey)]);
  await journey.work('401');
  await journey.site.kill();
  await journey.site.up();
  await browsing.lookAround(journey.tasks);
  await journey.copies();
  await Promise.all([journey.rotate(), journey.review()]);
  await journey.backUp();
  await journey.inspect();
  await journey.leave();
  shown = {
    tasks: await Promise.all(journey.tasks.map(async (id) => JSON.parse(await journey.see(`/tasks/${id}`)))),
    logs: await Promise.all(['web', 'worker'].map((name) => journey.logs(name))),
  };
  // Its files are searched when nothing moves or unpacks them any more.
  await journey.command('down');
}

beforeAll(async () => {
  const { directory } = await setUp();
  await travel();
  leaks = await evidence.leaksOf([...PLANTED, ...journey.made], [journey.site.dataDir, directory]);
}, JOURNEY_MS);
afterAll(() => scope.disposeAsync());

const isOnPurpose = ({ secret, place }: Leak): boolean =>
  PURPOSES.some(([name, where]) => name === secret && where.test(place));
const told = ({ secret, form, place }: Leak): string => `${secret}, ${form}: ${place}`;

describe('a secret', () => {
  it('is in no answer, stream, message, log, file, archive, backup, or fact of the engine', () => {
    expect(leaks.filter((leak) => !isOnPurpose(leak)).map(told)).toEqual([]);
  });

  it('is found where it is told on purpose', () => {
    const missed = PURPOSES.filter(
      ([name, where]) => !leaks.some(({ secret, place }) => secret === name && where.test(place)),
    );
    expect(missed).toEqual([]);
  });
});

describe('the journey', () => {
  it('asks every route of the API', async () => {
    const { paths } = parse(await readFile(new URL('../../docs/openapi.yaml', import.meta.url), 'utf8')) as {
      paths: Record<string, Record<string, unknown>>;
    };
    const asked = evidence.places('answer').map((place) => place.replace(BEFORE, '').replace(/\?\S*/, ''));
    const unasked = Object.entries(paths).flatMap(([path, methods]) => {
      const pattern = path.replaceAll(/\{\w+\}/g, '[^/ ]+');
      return Object.keys(methods)
        .map((method) => method.toUpperCase())
        .filter((method) => !asked.some((one) => new RegExp(`^${method} ${pattern} \\d+$`).test(one)))
        .map((method) => `${method} ${path}`);
    });
    expect(unasked).toEqual([]);
  });

  it('has agents, programs, builds and providers tell what they know', () => {
    expect(shown.tasks).toMatchObject([
      {
        status: 'succeeded',
        agent_message_final: expect.stringContaining(MASK),
        build_status: 'failed',
        build_error_message: expect.stringContaining(`cannot use ${MASK}`),
      },
      {
        status: 'failed',
        failure_reason: 'provider_error',
        error_message: expect.stringContaining(`You sent ${MASK}`),
      },
    ]);
    for (const log of shown.logs) expect(log).toContain(`plain ${MASK}`);
  });

  it('is searched in every place it led to', () => {
    const { answer, stream, request, output, engine } = evidence.searched;
    expect(answer).toBeGreaterThan(180);
    expect(stream).toBeGreaterThan(0);
    expect(request).toBeGreaterThan(20);
    expect(output).toBeGreaterThan(5);
    expect(engine).toBeGreaterThan(4);
    expect(SEARCHED_FILES.filter((pattern) => !evidence.files.some((path) => pattern.test(path)))).toEqual(
      [],
    );
  });
});

describe('the search', () => {
  const control = { name: 'control', value: 'fake-control/key+of=every&"form" é\nwith a second line/+' };
  const padding = Buffer.alloc(100_000, 'padding ');

  it('finds a secret in every form, and in whatever that is packed into', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sandboxd-control-'));
    await using cleanup = new AsyncDisposableStack();
    cleanup.defer(() => rm(directory, { recursive: true, force: true }));
    const forms = needlesOf([control]);
    for (const [at, { bytes }] of forms.entries())
      await writeFile(join(directory, `form-${at}`), Buffer.concat([padding, bytes, padding]));
    const tar = await tarOf(file('outer', 'x'), file('inner', control.value));
    const backup = await tarOf(file('first'), { name: 'packed.tar.zst', content: 'x' });
    await writeFile(join(directory, 'packed.tar.zst'), zstdOf(tar));
    await writeFile(join(directory, 'packed.gz'), gzipSync(control.value));
    await writeFile(join(directory, 'plain.tar'), backup);
    // Across the places where pieces of a large file end.
    const large = Buffer.alloc(5 * 1024 * 1024);
    for (let at = 64 * 1024 - 20; at < large.length - 100; at += 64 * 1024) large.write(control.value, at);
    await writeFile(join(directory, 'large'), large);
    const found = await new Evidence().leaksOf([control], [directory]);
    const planted = forms.map(({ secret, form }, at) => ({
      secret,
      form,
      place: join(directory, `form-${at}`),
    }));
    expect(found).toEqual(expect.arrayContaining(planted));
    const places = new Set(found.map(({ place }) => place.slice(directory.length + 1)));
    expect([...places]).toEqual(
      expect.arrayContaining(['packed.tar.zst » unpacked » inner', 'packed.gz » unpacked', 'large']),
    );
    expect([...places].filter((place) => /outer|plain/.test(place))).toEqual([]);
  });
});
