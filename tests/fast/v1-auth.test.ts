import { describe, expect, it } from 'vitest';
import { createApiKey } from '../../src/domain/api-key-commands.ts';
import { type ApiWorld, apiWorld } from '../fakes/api-world.ts';
import { signedInVisitor } from '../fakes/visitor.ts';

const PASSWORD = 'test-password-not-real';
const OTHER = 'another-password-not-real';
const HERE = '203.0.113.9';
const ELSEWHERE = '198.51.100.7';
const MINUTE = 60_000;

type As = { bearer?: string; cookie?: string; address?: string };

const post = async (
  world: ApiWorld,
  path: string,
  body: unknown,
  { bearer, cookie, address = HERE }: As = {},
) =>
  world.app.request(`/v1/auth/${path}`, {
    method: 'POST',
    headers: {
      host: 'console.localhost:8080',
      'x-sandboxd-peer': address,
      ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      ...(cookie !== undefined && { cookie }),
    },
    body: JSON.stringify(body),
  });

const status = async (world: ApiWorld, { bearer, cookie }: As = {}): Promise<unknown> => {
  const headers = {
    ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
    ...(cookie !== undefined && { cookie }),
  };
  return (await world.app.request('/v1/auth/status', { headers })).json();
};

const tokenOf = async (world: ApiWorld, owner = 'default') =>
  (await createApiKey(world.ports, owner, { name: 'laptop' })).token;

/** With a password. */
async function guarded(): Promise<ApiWorld & { bearer: string }> {
  const world = apiWorld();
  const bearer = await tokenOf(world);
  expect((await post(world, 'setup', { password: PASSWORD }, { bearer })).status).toBe(204);
  return { ...world, bearer };
}

const logIn = (world: ApiWorld, password: string, address?: string) =>
  post(world, 'login', { password }, address === undefined ? {} : { address });

const cookieOf = (answer: Response) => answer.headers.get('set-cookie')?.split(';')[0];

const events = async (world: ApiWorld) =>
  (await world.ports.store.events.list('default', { limit: 50 })).map(({ type }) => type);

describe('the status', () => {
  it('tells a stranger only that there is something to be let into', async () => {
    for (const world of [apiWorld(), await guarded()]) {
      expect(await status(world)).toEqual({ enabled: true, setup_required: false, authenticated: false });
    }
  });

  it('tells callers who they are, and those of the console whether it lacks a password', async () => {
    const world = apiWorld();
    const [mine, theirs] = [await tokenOf(world), await tokenOf(world, 'acme')];
    const known = { enabled: true, authenticated: true, via: 'token' };
    expect(await status(world, { bearer: theirs })).toEqual({
      ...known,
      owner: 'acme',
      setup_required: false,
    });
    expect(await status(world, { bearer: mine })).toEqual({
      ...known,
      owner: 'default',
      setup_required: true,
    });
    await post(world, 'setup', { password: PASSWORD }, { bearer: mine });
    expect(await status(world, { bearer: mine })).toMatchObject({ setup_required: false });
    const { cookie } = await signedInVisitor(world);
    expect(await status(world, { cookie: cookie ?? '' })).toMatchObject({ via: 'session', owner: 'default' });
  });

  it('says where nobody has to say who they are', async () => {
    const answer = await apiWorld({ auth: 'off' }).app.request('/v1/auth/status', {
      headers: { host: 'localhost:8080' },
    });
    expect(await answer.json()).toMatchObject({ enabled: false, authenticated: true, via: 'auth-off' });
  });
});

describe('setting up the password', () => {
  it.each([
    ['nobody', undefined, { password: PASSWORD }, 401],
    ['another owner', 'acme', { password: PASSWORD }, 403],
    ['the console’s owner', 'default', { password: PASSWORD }, 204],
    ['the console’s owner', 'default', { password: 'x'.repeat(11) }, 400],
    ['the console’s owner', 'default', { password: 'x'.repeat(12) }, 204],
    ['the console’s owner', 'default', { password: 'x'.repeat(1024) }, 204],
    ['the console’s owner', 'default', { password: 'x'.repeat(1025) }, 400],
    ['the console’s owner', 'default', { password: 12 }, 400],
    ['the console’s owner', 'default', {}, 400],
  ])('by %s (%s) with %j answers %i', async (_, owner, body, expected) => {
    const world = apiWorld();
    const bearer = owner === undefined ? undefined : await tokenOf(world, owner);
    const answer = await post(world, 'setup', body, bearer === undefined ? {} : { bearer });
    expect(answer.status).toBe(expected);
    const isSet = (await world.ports.store.identity.password('default')) !== undefined;
    expect(isSet).toBe(expected === 204);
  });

  it('happens once', async () => {
    const world = await guarded();
    expect((await post(world, 'setup', { password: OTHER }, world)).status).toBe(409);
    expect((await logIn(world, PASSWORD)).status).toBe(204);
    expect((await events(world)).filter((type) => type === 'auth.password.changed')).toHaveLength(1);
  });
});

describe('logging in', () => {
  it('begins a session in the cookie that the console knows', async () => {
    const world = await guarded();
    const answer = await logIn(world, PASSWORD);
    expect(answer.status).toBe(204);
    expect(answer.headers.get('set-cookie')).toMatch(
      /^sandboxd_session=[\w-]{43}; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/,
    );
    const page = await world.app.request('/', { headers: { cookie: cookieOf(answer) ?? '' } });
    expect(await page.text()).toContain('Signed in as default');
  });

  it('answers the same, whether there is a password or not, and hashes as often', async () => {
    const [bare, set] = [apiWorld(), await guarded()];
    let hashed = 0;
    Object.assign(bare.ports, { passwords: { hash: async () => ((hashed += 1), 'hash') } });
    const answers = [await logIn(bare, 'wrong'), await logIn(set, 'wrong')];
    expect(answers.map((answer) => answer.status)).toEqual([401, 401]);
    const [one, other] = await Promise.all(answers.map((answer) => answer.text()));
    expect(one).toBe(other);
    expect(one).not.toContain('wrong');
    expect(hashed).toBe(1);
  });

  it('is not done in a visitor’s name by another site', async () => {
    const world = await guarded();
    const answer = await world.app.request('/v1/auth/login', {
      method: 'POST',
      headers: { host: 'console.localhost:8080', origin: 'https://evil.example' },
      body: JSON.stringify({ password: PASSWORD }),
    });
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([403, null]);
  });

  it('ends with logging out, everywhere if asked to', async () => {
    const world = await guarded();
    const enter = async () => cookieOf(await logIn(world, PASSWORD)) ?? '';
    const [one, two, three] = [await enter(), await enter(), await enter()];
    const isIn = async (cookie = '') => (await world.app.request('/v1/apps', { headers: { cookie } })).status;
    const left = await post(world, 'logout', {}, { cookie: one });
    expect([left.status, left.headers.get('set-cookie')]).toEqual([
      204,
      expect.stringContaining('Max-Age=0'),
    ]);
    expect(await Promise.all([isIn(one), isIn(two), isIn(three)])).toEqual([401, 200, 200]);
    await post(world, 'logout', { everywhere: true }, { cookie: two });
    expect(await Promise.all([isIn(two), isIn(three)])).toEqual([401, 401]);
  });
});

describe('changing the password', () => {
  const change = { current_password: PASSWORD, new_password: OTHER };

  it('ends every session but the one that does it', async () => {
    const world = await guarded();
    const [mine, theirs] = [await logIn(world, PASSWORD), await logIn(world, PASSWORD)].map(cookieOf);
    const answer = await post(world, 'password', change, { cookie: mine ?? '' });
    expect(answer.status).toBe(204);
    const isIn = async (cookie = '') => (await world.app.request('/v1/apps', { headers: { cookie } })).status;
    expect(await Promise.all([isIn(mine), isIn(theirs)])).toEqual([200, 401]);
    expect([(await logIn(world, PASSWORD)).status, (await logIn(world, OTHER)).status]).toEqual([401, 204]);
  });

  it.each([
    ['a wrong password', { ...change, current_password: 'wrong' }, 'default', 403, 'current_password: '],
    ['a short new one', { ...change, new_password: 'short' }, 'default', 400, 'new_password: '],
    ['no current one', { new_password: OTHER }, 'default', 400, 'current_password: is required'],
    ['a key of another owner', change, 'acme', 403, 'belongs to the owner'],
  ])('is refused with %s', async (_, body, owner, expected, says) => {
    const world = await guarded();
    const answer = await post(world, 'password', body, { bearer: await tokenOf(world, owner) });
    expect([answer.status, await answer.text()]).toEqual([expected, expect.stringContaining(says)]);
    expect((await logIn(world, PASSWORD)).status).toBe(204);
  });

  it('is refused where there is none yet', async () => {
    const world = apiWorld();
    expect((await post(world, 'password', change, { bearer: await tokenOf(world) })).status).toBe(409);
  });

  it('counts as an attempt to guess the password when that is wrong', async () => {
    const world = await guarded();
    const wrong = { ...change, current_password: 'wrong' };
    for (let time = 0; time < 5; time += 1) await post(world, 'password', wrong, world);
    expect((await post(world, 'password', change, world)).status).toBe(429);
    expect((await logIn(world, PASSWORD)).status).toBe(429);
  });
});

describe('who guesses', () => {
  it('waits after five times, longer each time, and is told how long', async () => {
    const world = await guarded();
    for (let time = 0; time < 5; time += 1) expect((await logIn(world, 'wrong')).status).toBe(401);
    const waits = [];
    for (let time = 0; time < 8; time += 1) {
      const refused = await logIn(world, PASSWORD);
      expect([refused.status, await refused.json()]).toEqual([
        429,
        {
          error: {
            code: 'rate_limited',
            message: expect.stringMatching(/Try again in \d+/),
            retryable: false,
          },
        },
      ]);
      const seconds = Number(refused.headers.get('retry-after'));
      waits.push(seconds / 60);
      world.advance(seconds * 1000 - 1);
      expect((await logIn(world, PASSWORD)).status).toBe(429);
      world.advance(1);
      expect((await logIn(world, 'wrong')).status).toBe(401);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  });

  it('makes nobody wait elsewhere, and begins anew with the right one', async () => {
    const world = await guarded();
    for (let time = 0; time < 5; time += 1) await logIn(world, 'wrong');
    expect((await logIn(world, PASSWORD, ELSEWHERE)).status).toBe(204);
    world.advance(MINUTE);
    expect((await logIn(world, PASSWORD)).status).toBe(204);
    for (let time = 0; time < 5; time += 1) expect((await logIn(world, 'wrong')).status).toBe(401);
  });

  it('is forgotten after a day', async () => {
    const world = await guarded();
    for (let time = 0; time < 5; time += 1) await logIn(world, 'wrong');
    world.advance(24 * 60 * MINUTE + 1);
    for (let time = 0; time < 5; time += 1) expect((await logIn(world, 'wrong')).status).toBe(401);
  });

  it('is one and the same in all of an IPv6 network', async () => {
    const world = await guarded();
    for (let time = 0; time < 5; time += 1) await logIn(world, 'wrong', `2001:db8:1:2::${time}`);
    expect((await logIn(world, PASSWORD, '2001:db8:1:2:ffff::1')).status).toBe(429);
    expect((await logIn(world, PASSWORD, '2001:db8:1:3::1')).status).toBe(204);
  });

  it('from everywhere makes everybody wait, for seconds', async () => {
    const world = await guarded();
    for (let time = 0; time < 100; time += 1) await logIn(world, 'wrong', `10.0.${time}.1`);
    const refused = await logIn(world, PASSWORD, ELSEWHERE);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
    world.advance(1000);
    expect((await logIn(world, PASSWORD, ELSEWHERE)).status).toBe(204);
  });

  it('has no hash made while waiting, nor more than two at once', async () => {
    const world = await guarded();
    let under = 0;
    let most = 0;
    let hashed = 0;
    const go = Promise.withResolvers<void>();
    const verify = async () => {
      hashed += 1;
      under += 1;
      most = Math.max(most, under);
      await go.promise;
      under -= 1;
      return false;
    };
    Object.assign(world.ports, { passwords: { verify } });
    const guesses = Array.from({ length: 50 }, () => logIn(world, 'wrong'));
    await expect.poll(() => under).toBe(2);
    go.resolve();
    const statuses = (await Promise.all(guesses)).map((answer) => answer.status);
    expect(statuses.filter((one) => one === 401)).toHaveLength(2);
    expect(statuses.filter((one) => one === 429)).toHaveLength(48);
    for (let time = 0; time < 20; time += 1) await logIn(world, 'wrong');
    expect([most, hashed]).toEqual([2, 5]);
  });

  it('takes no place of those who need not wait', async () => {
    const world = await guarded();
    for (let time = 0; time < 5; time += 1) await logIn(world, 'wrong', ELSEWHERE);
    const { store } = world.ports;
    const go = Promise.withResolvers<void>();
    let looking = 0;
    const loginFailures = async (scope: string, since: number) => {
      if (scope.includes(ELSEWHERE)) {
        looking += 1;
        await go.promise;
      }
      return store.identity.loginFailures(scope, since);
    };
    const identity = { ...store.identity, loginFailures };
    Object.assign(world.ports, { store: { ...store, identity } });
    const waiting = [logIn(world, 'wrong', ELSEWHERE), logIn(world, 'wrong', ELSEWHERE)];
    await expect.poll(() => looking).toBe(2);
    expect((await logIn(world, PASSWORD, HERE)).status).toBe(204);
    go.resolve();
    expect((await Promise.all(waiting)).map((answer) => answer.status)).toEqual([429, 429]);
  });

  it('is told of in the timeline, at every doubling', async () => {
    const world = await guarded();
    for (let time = 0; time < 20; time += 1) {
      world.advance(60 * MINUTE);
      expect((await logIn(world, 'wrong')).status).toBe(401);
    }
    const told = await world.ports.store.events.list('default', { types: ['auth.login.failed'], limit: 50 });
    expect(told.map(({ payload }) => payload)).toEqual([
      { scope: `address ${HERE}`, failures: 20, wait_seconds: 3600 },
      { scope: `address ${HERE}`, failures: 10, wait_seconds: 1920 },
      { scope: `address ${HERE}`, failures: 5, wait_seconds: 60 },
    ]);
  });
});
