import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SandboxdError } from '../../src/domain/errors.ts';
import { makeRemains, type Remains, type RequestOptions, startWorld, type World } from '../harness/world.ts';

let remains: Remains & AsyncDisposable;
let world: World;

beforeAll(async () => {
  remains = await makeRemains();
  world = await startWorld(remains);
});

afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await remains[Symbol.asyncDispose]();
});

/** An answer, of which a test says itself what it expects. */
type Json = Record<string, string> & { apps: { id: string }[]; events: { type: string }[] };
const json = async (response: Response) => (await response.json()) as Json;

async function newApp(body: object = {}): Promise<string> {
  const response = await world.request('POST', '/v1/apps', { body: { name: 'An app', ...body } });
  expect(response.status).toBe(201);
  return String((await json(response))['id']);
}

async function newSandbox(): Promise<{ app: string; sandbox: string }> {
  const app = await newApp();
  const response = await world.request('POST', `/v1/apps/${app}/sandbox`);
  expect(response.status).toBe(201);
  return { app, sandbox: String((await json(response))['id']) };
}

const ids = (page: Json) => page.apps.map(({ id }) => id);

const eventsOf = async (app: string): Promise<string[]> => {
  const { events } = await json(await world.request('GET', `/v1/apps/${app}/events`));
  return events.map(({ type }) => type).toReversed();
};

describe('an app', () => {
  it('is created with a trimmed name and read back in either case of its id', async () => {
    const response = await world.request('POST', '/v1/apps', {
      body: {
        name: '  Shop ',
        description: 'Sells',
        tags: ['a'],
        external_user_id: 'u1',
        runtime_preset: 'worker',
      },
    });
    const app = await json(response);
    expect(response.status).toBe(201);
    expect(app).toMatchObject({
      name: 'Shop',
      description: 'Sells',
      tags: ['a'],
      external_user_id: 'u1',
      runtime_preset: 'worker',
    });
    expect(app).not.toHaveProperty('current_sandbox_id');
    const again = await world.request('GET', `/v1/apps/${String(app['id']).toLowerCase()}`);
    expect(await json(again)).toEqual(app);
  });

  it('is changed in part, and says so', async () => {
    const id = await newApp({ description: 'kept' });
    const response = await world.request('PATCH', `/v1/apps/${id}`, { body: { name: 'Renamed' } });
    expect(await json(response)).toMatchObject({ name: 'Renamed', description: 'kept' });
    expect(await eventsOf(id)).toEqual(['app.created', 'app.updated']);
  });

  it('is listed newest first, page by page, and by end user', async () => {
    const mine = [];
    for (let i = 0; i < 3; i += 1) mine.push(await newApp({ external_user_id: 'paged' }));
    const first = await json(await world.request('GET', '/v1/apps?external_user_id=paged&limit=2'));
    expect(ids(first)).toEqual([mine[2], mine[1]]);
    const second = await json(
      await world.request('GET', `/v1/apps?external_user_id=paged&limit=2&before=${first['next_before']}`),
    );
    expect(ids(second)).toEqual([mine[0]]);
    expect(second).not.toHaveProperty('next_before');
  });

  it('goes with its sandbox', async () => {
    const { app, sandbox } = await newSandbox();
    expect((await world.request('DELETE', `/v1/apps/${app}`)).status).toBe(204);
    expect((await world.request('GET', `/v1/apps/${app}`)).status).toBe(404);
    expect((await world.request('GET', `/v1/sandboxes/${sandbox}`)).status).toBe(404);
    expect((await remains.engine.inspect(sandbox)).state).toBe('absent');
    expect(await remains.workspaces.list()).not.toContain(sandbox);
  });
});

describe('a sandbox', () => {
  it('runs when its creation answers, with the URL of its preview', async () => {
    const app = await newApp();
    const body = await json(await world.request('POST', `/v1/apps/${app}/sandbox`));
    expect(body).toMatchObject({
      status: 'running',
      template: 'react-standard',
      runtime_preset: 'react-vite',
      app_id: app,
      paused: false,
      idle_policy: 'sleep',
      preview: { url: `http://s-${String(body['id']).toLowerCase()}-3000.preview.localhost:8080` },
    });
    expect(await eventsOf(app)).toEqual(
      expect.arrayContaining(['app.created', 'sandbox.create.started', 'sandbox.started']),
    );
  });

  it('takes an explicit preset before the one of its app, and both before a template', async () => {
    const app = await newApp({ runtime_preset: 'worker' });
    const explicit = await world.request('POST', `/v1/apps/${app}/sandbox`, {
      body: { runtime_preset: 'react-vite', template: 'blank' },
    });
    expect(await json(explicit)).toMatchObject({ runtime_preset: 'react-vite', template: 'react-standard' });
    const other = await newApp({ runtime_preset: 'worker' });
    const inherited = await world.request('POST', `/v1/apps/${other}/sandbox`, {
      body: { template: 'blank' },
    });
    expect(await json(inherited)).toMatchObject({ runtime_preset: 'worker', template: 'worker' });
    const third = await newApp();
    const template = await world.request('POST', `/v1/apps/${third}/sandbox`, {
      body: { template: 'blank' },
    });
    expect(await json(template)).not.toHaveProperty('runtime_preset');
  });

  it('is the only live one of its app', async () => {
    const { app, sandbox } = await newSandbox();
    const second = await world.request('POST', `/v1/apps/${app}/sandbox`);
    expect(second.status).toBe(409);
    expect(await json(second)).toMatchObject({ error: { code: 'conflict', retryable: false } });
    expect(await json(await world.request('GET', `/v1/apps/${app}`))).toMatchObject({
      current_sandbox_id: sandbox,
    });
  });

  it('is made once by twenty requests at the same time', async () => {
    const app = await newApp();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => world.request('POST', `/v1/apps/${app}/sandbox`)),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      201,
      ...Array<number>(19).fill(409),
    ]);
  });

  it('is one per project, whoever asks first', async () => {
    const body = { project: { id: 'p1', user_id: 'u1' } };
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => world.request('POST', '/v1/sandboxes', { body })),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      ...Array<number>(9).fill(200),
      201,
    ]);
    const made = await Promise.all(answers.map(async (answer) => (await json(answer))['id']));
    expect(new Set(made).size).toBe(1);
  });

  it('stops and starts, however often it is told', async () => {
    const { app, sandbox } = await newSandbox();
    for (const [command, status] of [
      ['stop', 'stopped'],
      ['stop', 'stopped'],
      ['start', 'running'],
      ['start', 'running'],
    ]) {
      const response = await world.request('POST', `/v1/sandboxes/${sandbox}/${command}`);
      expect(response.status).toBe(200);
      expect(await json(response)).toMatchObject({ status });
    }
    const counted = Object.groupBy(await eventsOf(app), (type) => type);
    expect(counted['sandbox.stopped']).toHaveLength(1);
    expect(counted['sandbox.started']).toHaveLength(2);
  });

  it('keeps its workspace over a deletion that says so', async () => {
    const { sandbox } = await newSandbox();
    await world.request('PUT', `/v1/sandboxes/${sandbox}/files?path=kept.txt`, { raw: 'kept' });
    expect((await world.request('DELETE', `/v1/sandboxes/${sandbox}?workspace=keep`)).status).toBe(204);
    expect((await remains.engine.inspect(sandbox)).state).toBe('absent');
    await world.request('POST', `/v1/sandboxes/${sandbox}/start`);
    const content = await world.request('GET', `/v1/sandboxes/${sandbox}/files/content?path=kept.txt`);
    expect(await content.text()).toBe('kept');
  });

  it('leaves nothing behind when it is deleted, and may then be made anew', async () => {
    const { app, sandbox } = await newSandbox();
    expect((await world.request('DELETE', `/v1/sandboxes/${sandbox}`)).status).toBe(204);
    expect((await remains.engine.inspect(sandbox)).state).toBe('absent');
    expect(await remains.workspaces.list()).not.toContain(sandbox);
    expect((await world.request('POST', `/v1/apps/${app}/sandbox`)).status).toBe(201);
  });

  it('changes visibility and idle policy in place', async () => {
    const { sandbox } = await newSandbox();
    const response = await world.request('PATCH', `/v1/sandboxes/${sandbox}`, {
      body: { visibility: 'private', idle_policy: 'always_on' },
    });
    expect(await json(response)).toMatchObject({
      visibility: 'private',
      idle_policy: 'always_on',
      status: 'running',
    });
    expect(world.routes.get(sandbox)?.visibility).toBe('private');
  });

  it('is not woken by a change of its settings', async () => {
    const { sandbox } = await newSandbox();
    await world.request('POST', `/v1/sandboxes/${sandbox}/stop`);
    await world.request('PATCH', `/v1/sandboxes/${sandbox}`, { body: { idle_policy: 'always_on' } });
    expect((await remains.engine.inspect(sandbox)).state).toBe('absent');
  });
});

describe('inside a sandbox', () => {
  it('files are written, listed, read and deleted, running and stopped alike', async () => {
    const { sandbox } = await newSandbox();
    const at = `/v1/sandboxes/${sandbox}/files`;
    for (const command of ['start', 'stop']) {
      await world.request('POST', `/v1/sandboxes/${sandbox}/${command}`);
      expect((await world.request('PUT', at, { body: { path: 'src/a.ts', content: 'é' } })).status).toBe(204);
      const read = await world.request('GET', `${at}/content?path=src/a.ts`);
      expect(read.headers.get('content-type')).toBe('text/plain; charset=utf-8');
      expect(await read.text()).toBe('é');
      expect(await json(await world.request('GET', `${at}?recursive=true`))).toMatchObject({
        entries: [{ path: 'src/a.ts' }],
      });
      expect((await world.request('DELETE', `${at}?path=src/a.ts`)).status).toBe(204);
      expect((await world.request('GET', `${at}/content?path=src/a.ts`)).status).toBe(404);
    }
  });

  it('bytes that are no text, and markup, come in a type that no browser runs', async () => {
    const { sandbox } = await newSandbox();
    const at = `/v1/sandboxes/${sandbox}/files`;
    await world.request('PUT', `${at}?path=bytes`, { raw: new Uint8Array([0xff, 0x00]) });
    await world.request('PUT', `${at}?path=page.html`, { raw: '<script>alert(1)</script>' });
    const bytes = await world.request('GET', `${at}/content?path=bytes`);
    expect(bytes.headers.get('content-type')).toBe('application/octet-stream');
    const page = await world.request('GET', `${at}/content?path=page.html`);
    expect(page.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('programs run, answering at once or as a stream', async () => {
    const { sandbox } = await newSandbox();
    const at = `/v1/sandboxes/${sandbox}/exec`;
    const plain = await world.request('POST', at, { body: { cmd: ['echo', 'hi'] } });
    expect(await json(plain)).toEqual({
      exit_code: 0,
      stdout: 'echo hi\n',
      stderr: '',
      truncated: false,
      timed_out: false,
    });
    const streamed = await world.request('POST', at, {
      body: { cmd: ['echo', 'hi'] },
      headers: { accept: 'text/event-stream' },
    });
    expect(streamed.headers.get('content-type')).toContain('text/event-stream');
    expect(await streamed.text()).toContain('event: exit');
  });

  it('a stream that cannot begin is an ordinary failure', async () => {
    const { sandbox } = await newSandbox();
    const headers = { accept: 'text/event-stream' };
    const logs = `/v1/sandboxes/${sandbox}/processes`;
    expect((await world.request('GET', `${logs}/nope/logs`, { headers })).status).toBe(404);
    const followed = await world.request('GET', `${logs}/web/logs`, { headers });
    expect(await followed.text()).toContain('event: line\ndata: one\n');
    const runtime = world.runtimes.get(sandbox);
    if (runtime !== undefined) runtime.reachable = false;
    const exec = `/v1/sandboxes/${sandbox}/exec`;
    const refused = await world.request('POST', exec, { body: { cmd: ['true'] }, headers });
    expect(refused.status).toBe(502);
    expect(await json(refused)).toMatchObject({ error: { code: 'sandbox_unavailable' } });
  });

  it('a stream that breaks off says why in a last event', async () => {
    const { sandbox } = await newSandbox();
    const runtime = world.runtimes.get(sandbox);
    if (runtime === undefined) throw new Error('no runtime');
    runtime.exec = async function* () {
      yield { type: 'stdout', data: 'so far' };
      throw new SandboxdError('sandbox_unavailable', 'It broke off.');
    };
    const streamed = await world.request('POST', `/v1/sandboxes/${sandbox}/exec`, {
      body: { cmd: ['true'] },
      headers: { accept: 'text/event-stream' },
    });
    const text = await streamed.text();
    expect(text).toContain('so far');
    expect(text).toMatch(/event: error\ndata: .*"code":"sandbox_unavailable".*It broke off/);
  });

  it('a program wakes a sleeping sandbox', async () => {
    const { sandbox } = await newSandbox();
    await world.request('POST', `/v1/sandboxes/${sandbox}/stop`);
    const response = await world.request('POST', `/v1/sandboxes/${sandbox}/exec`, {
      body: { cmd: ['true'] },
    });
    expect(response.status).toBe(200);
    expect(await json(await world.request('GET', `/v1/sandboxes/${sandbox}`))).toMatchObject({
      status: 'running',
    });
  });

  it('process logs are read from their end', async () => {
    const { sandbox } = await newSandbox();
    const logs = await world.request('GET', `/v1/sandboxes/${sandbox}/processes/web/logs?tail=2`);
    expect(await json(logs)).toEqual({ process: 'web', lines: ['two', 'three'] });
    expect((await world.request('GET', `/v1/sandboxes/${sandbox}/processes/nope/logs`)).status).toBe(404);
  });

  it('process logs are followed from as many last lines as were asked for', async () => {
    const { sandbox } = await newSandbox();
    const followed = await world.request('GET', `/v1/sandboxes/${sandbox}/processes/web/logs?tail=2`, {
      headers: { accept: 'text/event-stream' },
    });
    const text = await followed.text();
    expect(text.match(/(?<=data: ).*/g)).toEqual(['two', 'three']);
  });

  it('a followed log ends with an ordered stop, without a failure', async () => {
    const { sandbox } = await newSandbox();
    const runtime = world.runtimes.get(sandbox);
    if (runtime === undefined) throw new Error('no runtime');
    const reading = Promise.withResolvers<void>();
    runtime.followLog = async function* (_process, _lines, signal) {
      yield 'so far';
      reading.resolve();
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    };
    const followed = await world.request('GET', `/v1/sandboxes/${sandbox}/processes/web/logs`, {
      headers: { accept: 'text/event-stream' },
    });
    const text = followed.text();
    await reading.promise;
    await world.request('POST', `/v1/sandboxes/${sandbox}/stop`);
    expect(await text).toBe('event: line\ndata: so far\n\n');
  });

  it('a program that ran too long says so', async () => {
    const { sandbox } = await newSandbox();
    const runtime = world.runtimes.get(sandbox);
    if (runtime === undefined) throw new Error('no runtime');
    runtime.exec = async function* () {
      yield { type: 'exit', exit_code: 137, truncated: false, timed_out: true };
    };
    const body = { cmd: ['sleep', '9'], timeout_s: 1 };
    const ended = await world.request('POST', `/v1/sandboxes/${sandbox}/exec`, { body });
    expect(await json(ended)).toMatchObject({ exit_code: 137, timed_out: true });
  });
});

const validate = async (manifest: string) => {
  const body = { manifest };
  const response = await world.request('POST', '/v1/runtime/manifest/validate', { body });
  expect(response.status).toBe(200);
  return json(response);
};

describe('validating a manifest', () => {
  it('shows what a valid one comes to', async () => {
    expect(await validate('version: 1\nweb: {port: 8080}\nnetwork: x')).toEqual({
      valid: true,
      errors: [],
      warnings: [{ path: 'network', message: 'is unknown and ignored; known: version, web, build, workers' }],
      effective: {
        web: { command: 'pnpm dev', port: 8080, health_path: '/', restart_after_task: false },
        build: { command: 'pnpm build', timeout_seconds: 120 },
        workers: [],
      },
    });
  });

  it.each([
    ['no version', '', 'version', 'is required'],
    ['Docker Compose', 'version: 1\nservices: {db: {}}', 'services', 'this is not Docker Compose'],
    ['a wrong value', 'version: 1\nweb: {port: http}', 'web.port', 'whole number'],
    ['NUL', 'version: 1\nweb: {command: "a\\0"}', 'web.command', 'NUL'],
    ['not YAML', 'web: [', '', 'is not valid YAML'],
    ['too long', '#'.repeat(20_000), '', 'is longer than 16384 characters'],
    ['a bomb', `a: &a [1]\nb: [${'*a,'.repeat(200)}]`, '', 'alias'],
    ['a cycle', 'version: 1\nweb: &w [*w]', 'web', 'mapping'],
  ])('lists what is wrong with %s', async (_, manifest, path, word) => {
    const report = await validate(manifest);
    const message: unknown = expect.stringContaining(word);
    expect(report).toMatchObject({ valid: false, errors: expect.arrayContaining([{ path, message }]) });
    expect(report).not.toHaveProperty('effective');
  });
});

const LONG = 'x'.repeat(201);
const bad: [string, string, string, RequestOptions, number, string][] = [
  [
    'unknown preset',
    'POST',
    '/v1/apps',
    { body: { name: 'a', runtime_preset: 'cobol' } },
    400,
    'runtime_preset',
  ],
  ['image in a body', 'POST', '/v1/apps', { body: { name: 'a', image: 'evil' } }, 400, 'image'],
  ['image for a sandbox', 'POST', '/v1/apps/:app/sandbox', { body: { image: 'evil' } }, 400, 'image'],
  ['empty name', 'POST', '/v1/apps', { body: { name: '' } }, 400, 'name'],
  ['blank name', 'POST', '/v1/apps', { body: { name: '   ' } }, 400, 'name'],
  ['no name', 'POST', '/v1/apps', { body: {} }, 400, 'name'],
  ['name of a wrong type', 'POST', '/v1/apps', { body: { name: 7 } }, 400, 'name'],
  ['NUL in a name', 'POST', '/v1/apps', { body: { name: 'a\0b' } }, 400, 'name'],
  ['long name', 'POST', '/v1/apps', { body: { name: LONG } }, 400, 'name'],
  [
    'too many tags',
    'POST',
    '/v1/apps',
    { body: { name: 'a', tags: Array<string>(33).fill('t') } },
    400,
    'tags',
  ],
  ['long tag', 'POST', '/v1/apps', { body: { name: 'a', tags: ['t'.repeat(65)] } }, 400, 'tags'],
  ['empty patch name', 'PATCH', '/v1/apps/:app', { body: { name: ' ' } }, 400, 'name'],
  ['empty patch', 'PATCH', '/v1/apps/:app', { body: {} }, 400, 'name'],
  ['not JSON', 'POST', '/v1/apps', { raw: '{"name":' }, 400, 'JSON'],
  ['an array', 'POST', '/v1/apps', { raw: '[]' }, 400, 'object'],
  ['10 MB body', 'POST', '/v1/apps', { raw: JSON.stringify({ name: 'x'.repeat(10_000_000) }) }, 413, '1 MiB'],
  ['unknown template', 'POST', '/v1/apps/:app/sandbox', { body: { template: 'nope' } }, 400, 'template'],
  ['port out of range', 'POST', '/v1/apps/:app/sandbox', { body: { ports: [70_000] } }, 400, 'ports'],
  ['port twice', 'POST', '/v1/apps/:app/sandbox', { body: { ports: [1, 1] } }, 400, 'ports'],
  ['no project', 'POST', '/v1/sandboxes', { body: {} }, 400, 'project'],
  ['bad visibility', 'PATCH', '/v1/sandboxes/:box', { body: { visibility: 'secret' } }, 400, 'visibility'],
  [
    'a field that cannot be set',
    'PATCH',
    '/v1/sandboxes/:box',
    { body: { status: 'running' } },
    400,
    'status',
  ],
  ['bad deletion', 'DELETE', '/v1/sandboxes/:box?workspace=maybe', {}, 400, 'workspace'],
  ['path with ..', 'PUT', '/v1/sandboxes/:box/files?path=../x', { raw: 'x' }, 400, 'path'],
  ['encoded ..', 'PUT', '/v1/sandboxes/:box/files?path=a%2F..%2F..%2Fx', { raw: 'x' }, 400, 'path'],
  ['absolute path', 'PUT', '/v1/sandboxes/:box/files?path=/etc/passwd', { raw: 'x' }, 400, 'path'],
  ['NUL in a path', 'PUT', '/v1/sandboxes/:box/files?path=a%00b', { raw: 'x' }, 400, 'path'],
  ['reserved path', 'PUT', '/v1/sandboxes/:box/files?path=.runtimed/x', { raw: 'x' }, 400, 'path'],
  [
    '.. in a JSON write',
    'PUT',
    '/v1/sandboxes/:box/files',
    { body: { path: '../x', content: '' } },
    400,
    'path',
  ],
  ['write without content', 'PUT', '/v1/sandboxes/:box/files', { body: { path: 'x' } }, 400, 'content'],
  ['.. in a read', 'GET', '/v1/sandboxes/:box/files/content?path=../x', {}, 400, 'path'],
  ['.. in a list', 'GET', '/v1/sandboxes/:box/files?path=..', {}, 400, 'path'],
  ['.. in a deletion', 'DELETE', '/v1/sandboxes/:box/files?path=..', {}, 400, 'path'],
  ['deletion of nothing', 'DELETE', '/v1/sandboxes/:box/files', {}, 400, 'path'],
  ['unknown root', 'GET', '/v1/sandboxes/:box/files?root=etc', {}, 400, 'root'],
  [
    'file over 25 MiB',
    'PUT',
    '/v1/sandboxes/:box/files?path=x',
    { raw: new Uint8Array(26_214_401) },
    413,
    '25 MiB',
  ],
  ['no command', 'POST', '/v1/sandboxes/:box/exec', { body: {} }, 400, 'cmd'],
  ['empty command', 'POST', '/v1/sandboxes/:box/exec', { body: { cmd: [] } }, 400, 'cmd'],
  [
    'bad variable',
    'POST',
    '/v1/sandboxes/:box/exec',
    { body: { cmd: ['a'], env: { 'A=B': 'c' } } },
    400,
    'env',
  ],
  ['cwd outside', 'POST', '/v1/sandboxes/:box/exec', { body: { cmd: ['a'], cwd: '../..' } }, 400, 'cwd'],
  [
    'endless timeout',
    'POST',
    '/v1/sandboxes/:box/exec',
    { body: { cmd: ['a'], timeout_s: 1e9 } },
    400,
    'timeout_s',
  ],
  ['bad process name', 'GET', '/v1/sandboxes/:box/processes/a%20b/logs', {}, 400, 'name'],
  ['bad tail', 'GET', '/v1/sandboxes/:box/processes/web/logs?tail=1001', {}, 400, 'tail'],
  ['no manifest', 'POST', '/v1/runtime/manifest/validate', { body: {} }, 400, 'manifest'],
  [
    'a manifest that is no text',
    'POST',
    '/v1/runtime/manifest/validate',
    { body: { manifest: { version: 1 } } },
    400,
    'manifest: must be a string',
  ],
  ['no body to validate', 'POST', '/v1/runtime/manifest/validate', { raw: '- 1' }, 400, 'JSON'],
  [
    'a manifest without end',
    'POST',
    '/v1/runtime/manifest/validate',
    { body: { manifest: '#'.repeat(2_000_000) } },
    413,
    '1 MiB',
  ],
  ['bad scope', 'POST', '/v1/sandboxes/:box/restart-processes', { body: { scope: 'web' } }, 400, 'scope'],
  [
    'scope of a wrong type',
    'POST',
    '/v1/sandboxes/:box/restart-processes',
    { body: { scope: 1 } },
    400,
    'scope',
  ],
  ['bad limit', 'GET', '/v1/apps?limit=0', {}, 400, 'limit'],
  ['bad cursor', 'GET', '/v1/apps?before=x', {}, 400, 'before'],
  ['port of a link', 'POST', '/v1/sandboxes/:box/preview-link', { body: { port: 1 } }, 400, 'port'],
  ['a link for ever', 'POST', '/v1/sandboxes/:box/preview-link', { body: { ttl_s: 604_801 } }, 400, 'ttl_s'],
  ['an id that is none', 'GET', '/v1/apps/nope', {}, 404, 'app'],
  ['no such route', 'GET', '/v1/nope', {}, 404, 'route'],
];

describe('bad input', () => {
  let app = '';
  let sandbox = '';
  beforeAll(async () => {
    ({ app, sandbox } = await newSandbox());
    await world.request('PUT', `/v1/sandboxes/${sandbox}/files?path=untouched`, { raw: 'x' });
    await world.settled(app);
  });

  /** Everything a request could have changed. */
  const state = async () =>
    Promise.all(
      [
        '/v1/apps',
        '/v1/sandboxes',
        `/v1/apps/${app}/events`,
        `/v1/sandboxes/${sandbox}/files?recursive=true`,
      ].map(async (path) => (await world.request('GET', path)).json()),
    );

  it.each(bad)(
    '%s is refused in the envelope and changes nothing',
    async (_, method, path, options, status, word) => {
      const before = await state();
      const response = await world.request(
        method,
        path.replace(':app', app).replace(':box', sandbox),
        options,
      );
      const body = await json(response);
      expect(response.status).toBe(status);
      expect(Object.keys(body)).toEqual(['error']);
      expect(body['error']).toMatchObject({
        code: expect.any(String),
        message: expect.stringContaining(word),
        retryable: false,
      });
      expect(await state()).toEqual(before);
    },
  );
});
