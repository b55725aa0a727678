import { describe, expect, it } from 'vitest';
import { type ApiWorld, apiWorld } from '../../../tests/fakes/api-world.ts';
import { signedInVisitor, stranger } from '../../../tests/fakes/visitor.ts';
import { hasPassword, setUpPassword } from '../../domain/password-commands.ts';
import { type AdminActions, createAdminApp } from './index.ts';

const never = () => {
  throw new Error('Nobody asked for that.');
};

const CONSOLE = { owner: 'default', via: 'session', actor: { kind: 'session' } } as const;

const admin = (actions: Partial<AdminActions>) => adminOf(apiWorld(), actions);

const adminOf = (world: ApiWorld, actions: Partial<AdminActions> = {}) =>
  createAdminApp(world.ports, {
    pid: 1,
    shutDown: never,
    backup: never,
    collectGarbage: never,
    rotateSecrets: never,
    ...actions,
  });

const post = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

it('hands out a backup as it is made, with the keys that came sealed', async () => {
  let given: string | undefined;
  const app = admin({
    backup: (keys) => {
      given = keys;
      return new Blob(['a backup']).stream();
    },
  });
  const answer = await app.request('/admin/backup', post({ keys: 'sealed' }));
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/x-tar']);
  expect(await answer.text()).toBe('a backup');
  expect(given).toBe('sealed');
});

it('collects garbage as it is told', async () => {
  const app = admin({
    collectGarbage: async ({ dryRun, trash }) => ({
      items: [{ kind: 'trash', name: `${dryRun} ${trash}`, outcome: 'shown' }],
      failures: [],
    }),
  });
  const answer = await app.request('/admin/gc', post({ dryRun: true, trash: false }));
  expect(await answer.json()).toMatchObject({ items: [{ name: 'true false' }] });
});

describe('a login link', () => {
  it('leaves password and sessions alone', async () => {
    const world = apiWorld();
    await setUpPassword(world.ports, CONSOLE, { password: 'test-password-not-real' });
    const visitor = await signedInVisitor(world);
    const answer = await adminOf(world).request('/admin/login-link', { method: 'POST' });
    expect(answer.status).toBe(201);
    expect((await visitor.get('/')).status).toBe(200);
    expect(await hasPassword(world.ports)).toBe(true);
  });

  it('to recover with is made when the password is forgotten and every session has ended', async () => {
    const world = apiWorld();
    await setUpPassword(world.ports, CONSOLE, { password: 'test-password-not-real' });
    const [visitor, other] = [await signedInVisitor(world), await signedInVisitor(world, 'acme')];
    const answer = await adminOf(world).request('/admin/login-link', post({ recover: true }));
    const { url } = (await answer.json()) as { url: string };
    expect(await Promise.all([visitor, other].map(async (who) => (await who.get('/')).status))).toEqual([
      303, 200,
    ]);
    expect(await hasPassword(world.ports)).toBe(false);
    expect((await stranger(world).post(new URL(url).pathname)).status).toBe(303);
    const [event] = await world.ports.store.events.list('default', { limit: 1 });
    expect([event?.type, event?.message]).toEqual([
      'auth.password.changed',
      expect.stringContaining('forgotten'),
    ]);
  });
});

it('lists and revokes the API keys of any owner', async () => {
  const world = apiWorld();
  const app = adminOf(world);
  const made = await app.request('/admin/tokens', post({ name: 'CI', owner: 'acme', expires_in_days: 7 }));
  const { id, token } = (await made.json()) as { id: string; token: string };
  const list = async (owner: string) => (await app.request(`/admin/tokens?owner=${owner}`)).text();
  expect(await list('acme')).toContain(`"id":"${id}","name":"CI","prefix":"${token.slice(0, 8)}"`);
  expect(await list('acme')).not.toContain(token);
  expect(await list('default')).toBe('{"tokens":[]}');
  const revoke = (owner: string) => app.request(`/admin/tokens/${id}?owner=${owner}`, { method: 'DELETE' });
  expect([(await revoke('default')).status, (await revoke('acme')).status]).toEqual([404, 204]);
  expect(await list('acme')).toBe('{"tokens":[]}');
});

it('rotates secrets until whoever asked leaves, and says what came of it', async () => {
  const report = { renewed: true, resealed: 3, unreadable: [], redundantKeys: 0 };
  const leaving = new AbortController();
  let heard: AbortSignal | undefined;
  const app = admin({
    rotateSecrets: async (signal) => {
      heard = signal;
      return report;
    },
  });
  const answer = await app.request('/admin/secrets/rotate', { method: 'POST', signal: leaving.signal });
  expect([answer.status, await answer.json()]).toEqual([200, report]);
  leaving.abort();
  expect(heard?.aborted).toBe(true);
});

it.each([
  ['/admin/tokens', { name: 'x', owner: 'no owner' }, 'owner: use'],
  ['/admin/tokens', { name: '' }, 'name: must say'],
  ['/admin/login-link', { recover: 'yes' }, 'recover: must be true or false'],
  ['/admin/backup', { keys: 1 }, 'keys: must be a string'],
  ['/admin/gc', {}, 'dryRun'],
  ['/admin/gc', { dryRun: 'yes', trash: false }, 'dryRun: must be true or false'],
])('refuses %s with %j', async (path, body, says) => {
  const answer = await admin({}).request(path, post(body));
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain(says);
});
