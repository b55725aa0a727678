import { describe, expect, it } from 'vitest';
import { apiWorld } from '../../../tests/fakes/api-world.ts';
import { signedInVisitor, stranger } from '../../../tests/fakes/visitor.ts';
import { createApiKey, revokeApiKey } from '../../domain/api-key-commands.ts';
import { hashSecret, issueLoginLink } from '../../domain/auth.ts';
import { setUpPassword } from '../../domain/password-commands.ts';

const MINUTE = 60_000;
const APP = '/apps/01ARZ3NDEKTSV4RRFFQ69G5FAV';

describe('a stranger', () => {
  it.each([
    ['/', '/login'],
    ['/apps/new', '/login?next=%2Fapps%2Fnew'],
    [APP, `/login?next=${encodeURIComponent(APP)}`],
    [`${APP}/delete`, `/login?next=${encodeURIComponent(`${APP}/delete`)}`],
  ])('who asks for %s is sent to sign in, and back', async (path, login) => {
    const answer = await stranger(apiWorld()).get(path);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, login]);
  });

  it.each(['/apps', `${APP}/start`, `${APP}/stop`, `${APP}/delete`, '/logout'])(
    'who posts to %s changes nothing',
    async (path) => {
      const world = apiWorld();
      const answer = await stranger(world).post(path, { name: 'x' });
      expect([answer.status, answer.headers.get('location')]).toEqual([303, '/login']);
      expect(await world.ports.store.apps.list('default', { limit: 1 })).toEqual([]);
    },
  );

  it('whose page looks again by itself is taken to the login page as a whole', async () => {
    const answer = await stranger(apiWorld()).get(APP, { 'hx-request': 'true' });
    expect([answer.status, answer.headers.get('hx-redirect')]).toEqual([
      401,
      `/login?next=${encodeURIComponent(APP)}`,
    ]);
  });

  it('may have the pages’ own files, for ever', async () => {
    const world = apiWorld();
    const page = await (await stranger(world).get('/login')).text();
    const files = [...page.matchAll(/"(\/assets\/[^"#]+)"/g)].map(([, path = '']) => path);
    expect(new Set(files).size).toBe(4);
    for (const file of files) {
      const answer = await stranger(world).get(file);
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([
        200,
        'public, max-age=31536000, immutable',
      ]);
    }
  });

  it('finds no other file', async () => {
    for (const path of ['/assets/console.css', '/assets/../app.ts', '/assets/__proto__']) {
      expect((await stranger(apiWorld()).get(path)).status).toBe(404);
    }
  });
});

describe('a login link', () => {
  it('is not used up by looking at it', async () => {
    const world = apiWorld();
    const secret = await issueLoginLink(world.ports);
    for (let look = 0; look < 3; look += 1) {
      const seen = await stranger(world).get(`/login/${secret}`);
      expect(seen.status).toBe(200);
      expect(seen.headers.get('set-cookie')).toBeNull();
      expect(await seen.text()).toContain(`<form method="post" action="/login/${secret}"`);
    }
    expect((await stranger(world).post(`/login/${secret}`)).status).toBe(303);
  });

  it('opens one session, once', async () => {
    const world = apiWorld();
    const secret = await issueLoginLink(world.ports);
    const first = await stranger(world).post(`/login/${secret}`);
    expect([first.status, first.headers.get('location')]).toEqual([303, '/']);
    const second = await stranger(world).post(`/login/${secret}`);
    expect([second.status, second.headers.get('set-cookie')]).toEqual([401, null]);
    expect(await second.text()).toContain('was used or has expired');
  });

  it('expires', async () => {
    const world = apiWorld();
    const secret = await issueLoginLink(world.ports);
    world.advance(16 * MINUTE);
    expect((await stranger(world).post(`/login/${secret}`)).status).toBe(401);
  });

  it('that is hostile text is shown as text', async () => {
    const page = await (
      await stranger(apiWorld()).get('/login/%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E')
    ).text();
    expect(page).not.toContain('<script>alert');
  });

  it('is not redeemed for another site', async () => {
    const world = apiWorld();
    const secret = await issueLoginLink(world.ports);
    const forged = await stranger(world).post(`/login/${secret}`, {}, { origin: 'https://evil.example' });
    expect([forged.status, forged.headers.get('set-cookie')]).toEqual([403, null]);
    expect((await stranger(world).post(`/login/${secret}`)).status).toBe(303);
  });

  it('is not written to the log when the store fails', async () => {
    const world = apiWorld();
    const failing = { ...world.ports.store.identity };
    failing.redeemLoginLink = () => Promise.reject(new Error('disk I/O error'));
    Object.assign(world.ports.store, { identity: failing });
    expect((await stranger(world).post('/login/a-secret-of-a-link')).status).toBe(500);
    expect(JSON.stringify(world.logged)).not.toContain('a-secret-of-a-link');
  });
});

describe('the session cookie', () => {
  it('is for this host alone and out of reach of scripts', async () => {
    const world = apiWorld();
    const { headers } = await stranger(world).post(`/login/${await issueLoginLink(world.ports)}`);
    const cookie = headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^sandboxd_session=[\w-]{43}; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/);
  });

  it('cannot be planted by a sibling host where there is TLS', async () => {
    const world = apiWorld({ addressing: { domain: 'apps.example.com', publicPort: 443, tls: true } });
    const { headers } = await stranger(world).post(`/login/${await issueLoginLink(world.ports)}`);
    const cookie = headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^__Host-sandboxd=[\w-]{43};/);
    expect(cookie).toContain('; Secure');
    expect(cookie).not.toContain('Domain');
  });

  it('is worth nothing after signing out', async () => {
    const world = apiWorld();
    const visitor = await signedInVisitor(world);
    const left = await visitor.post('/logout');
    expect([left.status, left.headers.get('location')]).toEqual([303, '/login']);
    expect(left.headers.get('set-cookie')).toContain('Max-Age=0');
    expect((await visitor.get('/')).status).toBe(303);
  });

  it('is replaced, and the old session ended, by signing in again', async () => {
    const world = apiWorld();
    const visitor = await signedInVisitor(world);
    await visitor.post(`/login/${await issueLoginLink(world.ports)}`);
    expect((await visitor.get('/')).status).toBe(303);
  });
});

describe('signing in with a token', () => {
  it('opens a session of the token’s owner and goes where the visitor was going', async () => {
    const world = apiWorld();
    const { token } = await createApiKey(world.ports, 'acme', { name: 'laptop' });
    const answer = await stranger(world).post('/login', { token: ` ${token}\n`, next: '/apps/new' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/apps/new']);
    const cookie = answer.headers.get('set-cookie')?.split(';')[0];
    expect(await (await stranger(world, cookie).get('/')).text()).toContain('Signed in as acme');
  });

  it.each(['//evil.example', 'https://evil.example/', '/\\evil.example', 'javascript:alert(1)'])(
    'never leads to %s',
    async (next) => {
      const world = apiWorld();
      const { token } = await createApiKey(world.ports, 'default', { name: 'laptop' });
      const answer = await stranger(world).post('/login', { token, next });
      expect([answer.status, answer.headers.get('location')]).toEqual([303, '/']);
      const page = await (await stranger(world).get(`/login?next=${encodeURIComponent(next)}`)).text();
      expect(page).toContain('name="next" value="/"');
    },
  );

  it.each(['is revoked', 'has expired', 'is another owner’s by now'])(
    'lets nobody stay longer than the token: one that %s',
    async (end) => {
      const configuredTokens = new Map<string, string>();
      const world = apiWorld({ configuredTokens });
      const { token, key } = await createApiKey(world.ports, 'acme', { name: 'laptop', expires_in_days: 1 });
      const entered = await stranger(world).post('/login', { token });
      const cookie = entered.headers.get('set-cookie')?.split(';')[0];
      const ask = async () =>
        (await world.app.request('/v1/apps', { headers: { cookie: cookie ?? '' } })).status;
      expect(await ask()).toBe(200);
      if (end === 'is revoked') await revokeApiKey(world.ports, 'acme', key.id);
      if (end === 'has expired') world.advance(24 * 60 * MINUTE);
      if (end === 'is another owner’s by now') configuredTokens.set(key.hash, 'rival');
      expect(await ask()).toBe(401);
    },
  );

  it.each([
    ['', 400, 'Paste a token.'],
    ['sbx_wrong', 401, 'This token is not valid.'],
  ])('with %j says at the field what is wrong', async (token, status, problem) => {
    const answer = await stranger(apiWorld()).post('/login', { token, next: '/apps/new' });
    const page = await answer.text();
    expect(answer.status).toBe(status);
    expect(answer.headers.get('set-cookie')).toBeNull();
    expect(page).toContain(`id="token-problem">${problem}`);
    expect(page).toContain('name="next" value="/apps/new"');
    expect(page).not.toContain('sbx_wrong');
  });

  it('is not offered to who is in already', async () => {
    const visitor = await signedInVisitor(apiWorld());
    const answer = await visitor.get('/login?next=/apps/new');
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/apps/new']);
  });
});

describe('signing in with the password', () => {
  const PASSWORD = 'test-password-not-real';
  const ADDRESS = { 'x-sandboxd-peer': '203.0.113.9' };

  async function guarded() {
    const world = apiWorld();
    const owner = { owner: 'default', via: 'session', actor: { kind: 'session' } } as const;
    await setUpPassword(world.ports, owner, { password: PASSWORD });
    return world;
  }

  it('is offered where there is one, beside the other ways', async () => {
    const bare = await (await stranger(apiWorld()).get('/login')).text();
    const page = await (await stranger(await guarded()).get('/login')).text();
    expect([bare, page].map((one) => one.includes('name="password"'))).toEqual([false, true]);
    for (const one of [bare, page]) expect(one).toContain('name="token"');
  });

  it('opens a session and goes where the visitor was going', async () => {
    const world = await guarded();
    const answer = await stranger(world).post('/login', { password: PASSWORD, next: '/apps/new' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/apps/new']);
    const cookie = answer.headers.get('set-cookie')?.split(';')[0];
    expect(await (await stranger(world, cookie).get('/')).text()).toContain('Signed in as default');
  });

  it.each([
    ['', 400, 'Enter the password.'],
    ['wrong', 401, 'This is not the password.'],
    ['x'.repeat(1025), 400, 'Enter the password.'],
  ])('with %j says at the field what is wrong', async (password, status, problem) => {
    const answer = await stranger(await guarded()).post('/login', { password, next: '/apps/new' });
    const page = await answer.text();
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([status, null]);
    expect(page).toContain(`id="password-problem">${problem}`);
    expect(page).toContain('name="next" value="/apps/new"');
  });

  it.each(['password', 'token'])(
    'has to wait after five times the wrong %s, whichever comes next',
    async (way) => {
      const visitor = stranger(await guarded());
      for (let time = 0; time < 5; time += 1) await visitor.post('/login', { [way]: 'wrong' }, ADDRESS);
      for (const [name, value] of [
        ['password', PASSWORD],
        ['token', 'sbx_wrong'],
      ] as const) {
        const refused = await visitor.post('/login', { [name]: value }, ADDRESS);
        expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60']);
        expect(await refused.text()).toContain(
          `id="${name}-problem">Too many attempts failed. Try again in 60`,
        );
      }
    },
  );

  it('is not made easier by signing in with a token in between', async () => {
    const world = await guarded();
    const { token } = await createApiKey(world.ports, 'rival', { name: 'laptop' });
    const visitor = stranger(world);
    for (let time = 0; time < 5; time += 1) {
      await visitor.post('/login', { password: 'wrong' }, ADDRESS);
      await visitor.post('/login', { token }, ADDRESS);
    }
    expect((await visitor.post('/login', { password: PASSWORD }, ADDRESS)).status).toBe(429);
  });

  it('does not stand in the way of a login link', async () => {
    const world = await guarded();
    const visitor = stranger(world);
    for (let time = 0; time < 9; time += 1) await visitor.post('/login', { password: 'wrong' }, ADDRESS);
    const link = await issueLoginLink(world.ports);
    expect((await visitor.post(`/login/${link}`, {}, ADDRESS)).status).toBe(303);
  });
});

describe('signing out everywhere', () => {
  it('ends every session of the owner, and nobody else’s', async () => {
    const world = apiWorld();
    const [one, two] = [await signedInVisitor(world), await signedInVisitor(world)];
    const other = await signedInVisitor(world, 'acme');
    const left = await one.post('/logout/everywhere');
    expect([left.status, left.headers.get('location')]).toEqual([303, '/login']);
    const statuses = await Promise.all([one, two, other].map(async (who) => (await who.get('/')).status));
    expect(statuses).toEqual([303, 303, 200]);
  });

  it('is not done by a form that does not know the session', async () => {
    const world = apiWorld();
    const visitor = await signedInVisitor(world);
    expect((await visitor.post('/logout/everywhere', { csrf_token: 'wrong' })).status).toBe(403);
    expect((await visitor.get('/')).status).toBe(200);
  });
});

it('sessions that have expired are gone with the next one that begins', async () => {
  const world = apiWorld();
  const visitor = await signedInVisitor(world);
  const hash = await hashSecret(visitor.cookie?.split('=')[1] ?? '');
  world.advance(30 * 24 * 60 * MINUTE + 1);
  expect(await world.ports.store.identity.session(hash)).toBeDefined();
  await signedInVisitor(world);
  expect(await world.ports.store.identity.session(hash)).toBeUndefined();
});

describe('with authentication off', () => {
  it('the console is open on local names, and has nothing to sign out of', async () => {
    const world = apiWorld({ auth: 'off' });
    const answer = await stranger(world).get('/');
    const page = await answer.text();
    expect(answer.status).toBe(200);
    expect(page).toContain('Sign-in is off');
    expect(page).not.toContain('/logout');
    expect((await stranger(world).post('/apps', { name: 'Mine' })).status).toBe(303);
  });

  it('the console is closed to names that are not local, and to other sites', async () => {
    const world = apiWorld({ auth: 'off' });
    expect((await stranger(world).get('/', { host: 'rebound.example' })).status).toBe(403);
    const forged = await stranger(world).post('/apps', { name: 'x' }, { origin: 'http://evil.example' });
    expect(forged.status).toBe(403);
  });
});
