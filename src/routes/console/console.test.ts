import { describe, expect, it } from 'vitest';
import { type ApiWorld, apiWorld } from '../../../tests/fakes/api-world.ts';
import { signedInVisitor, stranger, type Visitor } from '../../../tests/fakes/visitor.ts';
import { createApp } from '../../domain/app-commands.ts';
import { SandboxdError } from '../../domain/errors.ts';
import { PRESETS } from '../../domain/preset.ts';
import { createAppSandbox, updateSandbox } from '../../domain/sandbox-commands.ts';

const HOSTILE = `"><script>alert('x')</script><img src=x onerror=alert(1)>`;

async function anApp(world: ApiWorld, { owner = 'default', name = 'Shop', preset = 'react-vite' } = {}) {
  const input = { name, description: '', tags: [], runtime_preset: preset };
  const app = await createApp(world.ports, owner, input);
  const sandbox = await createAppSandbox(world.ports, owner, app.id, {});
  return { app, sandbox, path: `/apps/${app.id}` };
}

async function setUp(): Promise<{ world: ApiWorld; visitor: Visitor }> {
  const world = apiWorld();
  return { world, visitor: await signedInVisitor(world) };
}

const text = async (answer: Promise<Response>) => (await answer).text();

const eventTypes = async (world: ApiWorld, appId: string) =>
  (await world.ports.store.events.list('default', { appId, limit: 50 })).map(({ type }) => type).toReversed();

describe('the front page', () => {
  it('teaches the first step when there is nothing yet', async () => {
    const { visitor } = await setUp();
    const page = await text(visitor.get('/'));
    expect(page).toContain('Create your first app');
    expect(page).toContain('href="/apps/new"');
    expect(page).toContain('curl http://console.localhost:8080/v1/apps');
  });

  it('lists what its visitor has, newest first, with status and preview', async () => {
    const { world, visitor } = await setUp();
    const old = await anApp(world, { name: 'Old one', preset: 'worker' });
    const recent = await anApp(world, { name: 'New one' });
    await anApp(world, { owner: 'rival', name: 'Secret plan' });
    const page = await text(visitor.get('/'));
    expect(page.indexOf('New one')).toBeLessThan(page.indexOf('Old one'));
    expect(page).toContain('Background worker');
    expect(page).toContain(`http://s-${recent.sandbox.id.toLowerCase()}-3000.preview.localhost:8080`);
    expect(page).not.toContain(`s-${old.sandbox.id.toLowerCase()}`);
    expect(page).toMatch(/chip-ok">.*Ready/);
    expect(page).not.toContain('Secret plan');
  });

  it('pages through everything, each app once', async () => {
    const { world, visitor } = await setUp();
    for (let n = 0; n < 45; n += 1) {
      await createApp(world.ports, 'default', { name: `App number ${n}`, description: '', tags: [] });
    }
    const seen: string[] = [];
    let path: string | undefined = '/';
    let pages = 0;
    while (path !== undefined) {
      const page = await text(visitor.get(path));
      seen.push(...[...page.matchAll(/App number \d+(?=<\/bdi>)/g)].map(([name]) => name));
      path = /rel="next" href="([^"]+)"/.exec(page)?.[1];
      pages += 1;
    }
    expect(pages).toBe(3);
    expect(seen).toHaveLength(45);
    expect(new Set(seen).size).toBe(45);
  });

  it('is kept by no cache', async () => {
    const { visitor } = await setUp();
    expect((await visitor.get('/')).headers.get('cache-control')).toBe('no-store');
  });
});

describe('making an app', () => {
  it('makes its sandbox too and shows both', async () => {
    const { world, visitor } = await setUp();
    const made = await visitor.post('/apps', { name: '  Shop ', runtime_preset: 'react-vite' });
    const path = made.headers.get('location') ?? '';
    expect(made.status).toBe(303);
    expect(path).toMatch(/^\/apps\/[0-9A-HJKMNP-TV-Z]{26}$/);
    const page = await text(visitor.get(path));
    expect(page).toContain('<title>Shop · Ready · sandboxd</title>');
    expect(page).toContain('<iframe id="preview-');
    expect(await eventTypes(world, path.slice('/apps/'.length))).toEqual([
      'app.created',
      'sandbox.create.started',
      'sandbox.started',
    ]);
  });

  it.each([
    [{ name: '   ' }, 'id="name-problem">The name must not be empty.'],
    [{ name: 'x'.repeat(201) }, 'id="name-problem">The name must be at most 200 characters.'],
    [{ name: 'Shop', runtime_preset: 'cobol' }, 'id="preset-problem">The preset must be one of react-vite'],
  ])('with bad input says at the field what is wrong and keeps the rest: %#', async (fields, problem) => {
    const { world, visitor } = await setUp();
    const answer = await visitor.post('/apps', fields);
    const page = await answer.text();
    expect(answer.status).toBe(400);
    expect(page).toContain(problem);
    expect(page).toContain(`value="${fields.name}"`);
    expect(await world.ports.store.apps.list('default', { limit: 1 })).toEqual([]);
  });

  it('keeps the chosen preset beside a bad name', async () => {
    const { visitor } = await setUp();
    const page = await text(visitor.post('/apps', { name: '', runtime_preset: 'worker' }));
    expect(page).toMatch(/value="worker"[^>]* checked/);
    expect(page).not.toMatch(/value="react-vite"[^>]* checked/);
  });

  it('without room for its sandbox keeps the app and says why', async () => {
    const { world, visitor } = await setUp();
    world.node.failure = new SandboxdError('sandbox_capacity', 'There is not enough memory left.');
    const made = await visitor.post('/apps', { name: 'Shop', runtime_preset: 'react-vite' });
    expect(made.status).toBe(303);
    const page = await text(visitor.get(made.headers.get('location') ?? ''));
    expect(page).toContain('No sandbox yet');
    expect(page).toContain('There is not enough memory left.');
    expect(page).toContain('Create sandbox');
  });

  it('without a preset says which one is used, and offers one way on', async () => {
    const { world, visitor } = await setUp();
    const { id } = await createApp(world.ports, 'default', { name: 'Bare', description: '', tags: [] });
    const page = await text(visitor.get(`/apps/${id}`));
    expect(page).toContain('It names no preset, so React + Vite is used.');
    expect(page.match(new RegExp(`action="/apps/${id}/start"`, 'g'))).toHaveLength(1);
    await visitor.post(`/apps/${id}/start`);
    expect(await text(visitor.get(`/apps/${id}`))).toContain('React + Vite');
  });

  it('refuses a form of a size that no form has', async () => {
    const { visitor } = await setUp();
    expect((await visitor.post('/apps', { name: 'x'.repeat(70_000) })).status).toBe(413);
  });
});

describe('the page of an app', () => {
  it('tells what a boot is doing, and looks again every second', async () => {
    const { world, visitor } = await setUp();
    world.node.bootsTo = 'installing';
    const { path } = await anApp(world);
    const page = await text(visitor.get(path));
    expect(page).toMatch(/step-done">.*Laying out the files/s);
    expect(page).toMatch(/aria-current="step">.*Installing dependencies/s);
    expect(page).toContain('every 1s');
    expect(page).toContain('http-equiv="refresh"');
    expect(page).not.toContain('<iframe');
  });

  it('shows the processes, why it is awake, and what happened', async () => {
    const { world, visitor } = await setUp();
    const { path, sandbox } = await anApp(world);
    world.node.change(sandbox.id, {
      awakeBecause: ['a request is in flight'],
      processes: [
        { name: 'web', kind: 'web', running: true, restarts: 0, abandoned: false },
        { name: 'mailer', kind: 'worker', running: false, restarts: 5, abandoned: true },
      ],
    });
    const page = await text(visitor.get(path));
    expect(page).toContain('a request is in flight');
    expect(page).toMatch(/mailer.*5 restarts.*Crashed/s);
    expect(page).toContain('The sandbox was started.');
    expect(page).toContain('every 2s');
    expect(page).not.toContain('http-equiv="refresh"');
  });

  it('stops and starts it', async () => {
    const { world, visitor } = await setUp();
    const { path, sandbox } = await anApp(world);
    const stopped = await visitor.post(`${path}/stop`);
    expect([stopped.status, stopped.headers.get('location')]).toEqual([303, path]);
    const asleep = await text(visitor.get(path));
    expect(asleep).toContain('Its files are safe');
    expect(asleep).toContain('Stopped. Its logs show here while it runs.');
    expect(asleep).not.toContain('<iframe');
    await visitor.post(`${path}/start`);
    expect(await text(visitor.get(path))).toContain('<iframe');
    expect(world.node.orders.map(({ desired }) => desired)).toEqual(['running', 'stopped', 'running']);
    expect(world.node.orders.every(({ id }) => id === sandbox.id)).toBe(true);
  });

  it('restarts its processes while it runs, and shows that they start', async () => {
    const { world, visitor } = await setUp();
    const { path } = await anApp(world);
    expect(await text(visitor.get(path))).toContain(`action="${path}/restart-processes"`);
    const answer = await visitor.post(`${path}/restart-processes`);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, path]);
    expect(world.node.restarts).toEqual(['all']);
    expect(await text(visitor.get(path))).not.toContain('<iframe');
    await visitor.post(`${path}/stop`);
    expect(await text(visitor.get(path))).not.toContain('restart-processes');
  });

  it('asks before deleting, says what is lost, and deletes', async () => {
    const { world, visitor } = await setUp();
    const { path, app } = await anApp(world);
    const question = await text(visitor.get(`${path}/delete`));
    expect(question).toContain('all files of its workspace');
    expect((await visitor.get(path)).status).toBe(200);
    const deleted = await visitor.post(`${path}/delete`);
    expect([deleted.status, deleted.headers.get('location')]).toEqual([303, '/']);
    expect(await world.ports.store.apps.find('default', app.id)).toBeUndefined();
    expect(world.node.orders.at(-1)?.desired).toBe('absent');
    expect((await visitor.get(path)).status).toBe(404);
  });

  it('still says what is known when the node is away', async () => {
    const { world, visitor } = await setUp();
    const { path } = await anApp(world);
    world.node.reachable = false;
    const page = await text(visitor.get(path));
    expect(page).toContain('Its node is not answering');
    expect(page).not.toContain('<iframe');
    expect((await visitor.get('/')).status).toBe(200);
  });

  it('leads to a private preview by a signed link of its own, and keeps it out of the page', async () => {
    const { world, visitor } = await setUp();
    const { path, sandbox } = await anApp(world);
    await updateSandbox(world.ports, 'default', sandbox.id, { visibility: 'private' });
    const page = await text(visitor.get(path));
    const origin = `http://s-${sandbox.id.toLowerCase()}-3000.preview.localhost:8080`;
    expect(page).toContain(`src="${path}/preview"`);
    expect(page).toContain(`data-copy="${origin}"`);
    const led = await visitor.get(`${path}/preview`);
    const link = led.headers.get('location') ?? '';
    expect(led.status).toBe(303);
    expect(link.startsWith(`${origin}/`)).toBe(true);
    expect(link.length).toBeGreaterThan(origin.length + 40);
    expect(page).not.toContain(link.slice(-40));
  });

  it('frames a preview that can neither leave its frame nor learn where it is', async () => {
    const { world, visitor } = await setUp();
    const { path } = await anApp(world);
    const frame = /<iframe[^>]*>/.exec(await text(visitor.get(path)))?.[0] ?? '';
    expect(frame).toContain('referrerpolicy="no-referrer"');
    expect(frame).toMatch(/sandbox="allow-scripts /);
    expect(frame).not.toContain('top-navigation');
  });
});

describe('the logs of an app', () => {
  const WEB = { name: 'web', kind: 'web', running: true, restarts: 0, abandoned: false } as const;
  const MAILER = { ...WEB, name: 'mailer', kind: 'worker' } as const;

  it('are plain text, the web process’s first, and each process’s for the asking', async () => {
    const { world, visitor } = await setUp();
    const { path, sandbox } = await anApp(world);
    world.node.change(sandbox.id, { processes: [MAILER, WEB] });
    world.node.logLine(sandbox.id, 'web', `\u001B[32mready\u001B[0m ${HOSTILE}`);
    world.node.logLine(sandbox.id, 'mailer', 'one letter sent');
    const page = await text(visitor.get(path));
    expect(page).toContain('<pre>ready &quot;&gt;&lt;script&gt;');
    expect(page).not.toContain('one letter sent');
    expect(page).toContain(`hx-get="${path}" hx-select="#live"`);
    const other = await text(visitor.get(`${path}?process=mailer`));
    expect(other).toContain('<pre>one letter sent</pre>');
    expect(other).toContain(`hx-get="${path}?process=mailer" hx-select="#live"`);
    expect(await text(visitor.get(`${path}?process=nonsense`))).toContain('<pre>ready');
  });

  it('are the main thing of an app without a web page', async () => {
    const { world, visitor } = await setUp();
    const { path, sandbox } = await anApp(world, { preset: 'worker' });
    world.node.logLine(sandbox.id, 'worker', 'tick');
    const page = await text(visitor.get(path));
    expect(page).toMatch(/logs-main".*<pre>tick<\/pre>/s);
    expect(page).not.toContain('id="stage"');
  });

  it.each([
    ['sandbox_unavailable', 'The log cannot be read right now.'],
    ['node_unavailable', 'The log cannot be read right now.'],
    ['not_found', 'It has said nothing yet.'],
  ] as const)('may fail without the page: %s', async (code, said) => {
    const { world, visitor } = await setUp();
    const { path } = await anApp(world);
    world.node.tailLog = () => Promise.reject(new SandboxdError(code, 'Not now.'));
    const answer = await visitor.get(path);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain(said);
  });

  it('do not hold up the page', async () => {
    const { world, visitor } = await setUp();
    const { path } = await anApp(world);
    world.node.tailLog = () => Promise.withResolvers<string[]>().promise;
    expect(await text(visitor.get(path))).toContain('The log cannot be read right now.');
  });

  it('say why it crashed, beside the way to restart it', async () => {
    const { world, visitor } = await setUp();
    const { path, sandbox } = await anApp(world);
    world.node.change(sandbox.id, {
      preview: { status: 'starting' },
      processes: [MAILER, { ...WEB, running: false, restarts: 4, abandoned: true }],
    });
    world.node.logLine(sandbox.id, 'mailer', 'one letter sent');
    world.node.logLine(sandbox.id, 'web', 'Error: Cannot find module ./gone');
    const page = await text(visitor.get(`${path}?process=mailer`));
    expect(page).toContain('<title>Shop · Crashed · sandboxd</title>');
    expect(page).toMatch(/id="stage-message".*5 times in a row.*Cannot find module.*Restart<\/button>/s);
    expect(page).not.toContain('id="stage-steps"');
    const restarted = await visitor.post(`${path}/restart`);
    expect([restarted.status, restarted.headers.get('location')]).toEqual([303, path]);
    expect(world.node.orders.map(({ desired }) => desired)).toEqual(['running', 'stopped', 'running']);
    expect(await text(visitor.get(path))).toContain('<iframe');
  });
});

describe('a sandbox.yaml that cannot be used', () => {
  it.each([
    [
      'is not valid YAML: no tabs',
      'The preset’s own settings run instead of sandbox.yaml, which is not valid YAML: no tabs',
    ],
    [
      'web.port: must be a number',
      'The preset’s own settings run instead of sandbox.yaml, which has a mistake: web.port: must be a number',
    ],
  ])('is told of in the list and on the page: %s', async (manifestError, said) => {
    const { world, visitor } = await setUp();
    const { path, sandbox } = await anApp(world);
    expect(await text(visitor.get('/'))).not.toContain('app-row-warning');
    world.node.change(sandbox.id, { manifestError });
    expect(await text(visitor.get('/'))).toMatch(new RegExp(`class="app-row-warning"[^>]* title="${said}"`));
    expect(await text(visitor.get(path))).toContain(said);
  });
});

describe('an app that crashed and is about to be started again', () => {
  it('is told of as one, with the number of crashes and its last words', async () => {
    const { world, visitor } = await setUp();
    const { path, sandbox } = await anApp(world);
    world.node.change(sandbox.id, {
      preview: { status: 'down' },
      processes: [{ name: 'web', kind: 'web', running: false, restarts: 2, abandoned: false }],
    });
    world.node.logLine(sandbox.id, 'web', 'Error: Cannot find module ./gone');
    const page = await text(visitor.get(path));
    expect(page).toContain('<title>Shop · Restarting · sandboxd</title>');
    expect(page).toMatch(/id="stage-message".*being started again.*ended 3 times.*Cannot find module/s);
    expect(page).toContain('id="stop-form"');
    expect(page).not.toContain('not answering');
  });
});

describe('the presets of a new app', () => {
  it('each have an icon of their own', async () => {
    const { visitor } = await setUp();
    const page = await text(visitor.get('/apps/new'));
    const icons = [...page.matchAll(/choice-icon.*?svg[^"]*#([a-z]+)"/gs)].map(([, icon]) => icon);
    expect(icons).toHaveLength(PRESETS.length);
    expect(new Set(icons).size).toBe(PRESETS.length);
  });
});

describe('hostile text', () => {
  it.each(['/', 'page', 'delete'])('in a name is text on %s', async (where) => {
    const { world, visitor } = await setUp();
    const { path } = await anApp(world, { name: HOSTILE });
    const page = await text(visitor.get({ '/': '/', page: path, delete: `${path}/delete` }[where] ?? ''));
    expect(page).toContain('&lt;script&gt;alert');
    expect(page).not.toContain('<script>alert');
    expect(page).not.toContain('<img src=x');
  });

  it('from inside a sandbox is text', async () => {
    const { world, visitor } = await setUp();
    const { path, sandbox } = await anApp(world);
    world.node.change(sandbox.id, {
      preview: { status: 'down', build_error_message: HOSTILE },
      manifestError: HOSTILE,
      awakeBecause: [HOSTILE],
      processes: [{ name: HOSTILE, kind: 'worker', running: true, restarts: 0, abandoned: false }],
    });
    const page = await text(visitor.get(path));
    expect(page.split('&lt;script&gt;alert').length - 1).toBe(5);
    expect(page).not.toContain('<script>alert');
  });

  it.each(['/', 'page', 'delete'])('in a name turns no other words around on %s', async (where) => {
    const { world, visitor } = await setUp();
    const { path } = await anApp(world, { name: 'a\u202Eb\u2069\u2067c' });
    const page = await text(visitor.get({ '/': '/', page: path, delete: `${path}/delete` }[where] ?? ''));
    expect(page).toContain('<bdi>abc</bdi>');
    expect(page).not.toMatch(/[\u202A-\u202E\u2066-\u2069]/);
  });

  it('in a refused form comes back as text', async () => {
    const { visitor } = await setUp();
    const page = await text(visitor.post('/apps', { name: HOSTILE, runtime_preset: HOSTILE }));
    expect(page).toContain('value="&quot;&gt;&lt;script&gt;');
    expect(page).not.toContain('<script>alert');
  });
});

describe('somebody else’s app', () => {
  it.each([
    ['get', ''],
    ['get', '/delete'],
    ['get', '/preview'],
    ['post', '/start'],
    ['post', '/stop'],
    ['post', '/restart'],
    ['post', '/restart-processes'],
    ['get', '?process=web'],
    ['post', '/delete'],
  ] as const)('is not there: %s %s', async (method, action) => {
    const { world, visitor } = await setUp();
    const { app, path } = await anApp(world, { owner: 'rival', name: 'Secret plan' });
    const answer = await visitor[method](path + action);
    const missing = await visitor[method](`/apps/01ARZ3NDEKTSV4RRFFQ69G5FAV${action}`);
    const page = await answer.text();
    expect(answer.status).toBe(404);
    expect(page).not.toContain('Secret plan');
    expect(page).toBe(await missing.text());
    expect(await world.ports.store.apps.find('rival', app.id)).toBeDefined();
    expect(world.node.orders).toHaveLength(1);
  });
});

describe('a form in a visitor’s name', () => {
  const FORGERIES: [what: string, fields: Record<string, string>, headers: Record<string, string>][] = [
    ['without the token', { csrf_token: '' }, {}],
    ['with a wrong token', { csrf_token: 'f'.repeat(64) }, {}],
    ['with a token of another length', { csrf_token: 'f' }, {}],
    ['of another site', {}, { origin: 'https://evil.example' }],
    ['of a preview', {}, { origin: 'http://s-01arz3ndektsv4rrffq69g5fav-3000.preview.localhost:8080' }],
    ['of a frame without an origin', {}, { origin: 'null' }],
    ['as text, which needs no preflight', {}, { 'content-type': 'text/plain' }],
  ];

  it.each(FORGERIES)('%s is refused', async (_, fields, headers) => {
    const { world, visitor } = await setUp();
    const { path, app } = await anApp(world);
    for (const target of ['/apps', `${path}/stop`, `${path}/delete`, '/logout']) {
      const answer = await visitor.post(target, { name: 'Forged', ...fields }, headers);
      expect([target, answer.status]).toEqual([target, 403]);
    }
    expect((await world.ports.store.apps.list('default', { limit: 5 })).map(({ id }) => id)).toEqual([
      app.id,
    ]);
    expect(world.node.orders).toHaveLength(1);
    expect((await visitor.get('/')).status).toBe(200);
  });

  it('with another session’s token is refused', async () => {
    const { world, visitor } = await setUp();
    const other = await signedInVisitor(world);
    const mixed = stranger(world, visitor.cookie);
    const page = await text(other.get('/apps/new'));
    const token = /name="csrf_token" value="(\w+)"/.exec(page)?.[1] ?? '';
    expect((await mixed.post('/apps', { name: 'x', csrf_token: token })).status).toBe(403);
  });

  it('may carry the token as a header', async () => {
    const { world, visitor } = await setUp();
    const page = await text(visitor.get('/apps/new'));
    const token = /name="csrf_token" value="(\w+)"/.exec(page)?.[1] ?? '';
    const bare = stranger(world, visitor.cookie);
    expect((await bare.post('/apps', { name: 'x' }, { 'x-csrf-token': token })).status).toBe(303);
  });
});

describe('failures', () => {
  it('are pages for browsers and envelopes for programs, and always envelopes under /v1', async () => {
    const { visitor } = await setUp();
    const page = await visitor.get('/nothing');
    expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=UTF-8']);
    const shown = await page.text();
    expect(shown).toContain('Not found');
    expect(shown).toContain('Sign out');
    for (const answer of [
      await visitor.get('/nothing', { accept: '*/*' }),
      await visitor.get('/v1/nothing'),
    ]) {
      expect(answer.headers.get('content-type')).toContain('application/json');
      expect(await answer.json()).toMatchObject({ error: { code: 'not_found' } });
    }
  });

  it('show nothing of an inner failure, and log it', async () => {
    const { world, visitor } = await setUp();
    Object.assign(world.ports.store, {
      apps: { list: () => Promise.reject(new Error('disk I/O error at /var/lib/secret')) },
    });
    const answer = await visitor.get('/');
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('/var/lib/secret');
    expect(world.logged.find(({ level }) => level === 'error')).toMatchObject({
      level: 'error',
      cause: { message: /disk I\/O error/ },
    });
  });

  it('of an action go to the top of the page that asked', async () => {
    const { world, visitor } = await setUp();
    const { path } = await anApp(world);
    world.node.reachable = false;
    const answer = await visitor.post(`${path}/stop`, {}, { 'hx-request': 'true' });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('hx-retarget')).toBe('#flash');
    expect(answer.headers.get('hx-trigger')).toBe('refresh');
    expect(await answer.text()).toContain('id="problem"');
  });

  it('because the app is gone lead from its page to the app list', async () => {
    const { visitor } = await setUp();
    const answer = await visitor.get('/apps/01ARZ3NDEKTSV4RRFFQ69G5FAV', { 'hx-request': 'true' });
    expect([answer.status, answer.headers.get('hx-redirect')]).toEqual([404, '/']);
    expect([answer.headers.get('hx-refresh'), answer.headers.get('hx-trigger')]).toEqual([null, null]);
  });

  it('of an action on an app that is gone make the page load again', async () => {
    const { visitor } = await setUp();
    const partial = { 'hx-request': 'true' };
    const answer = await visitor.post('/apps/01ARZ3NDEKTSV4RRFFQ69G5FAV/stop', {}, partial);
    expect([answer.status, answer.headers.get('hx-refresh')]).toEqual([404, 'true']);
    expect(answer.headers.get('hx-redirect')).toBeNull();
  });
});
