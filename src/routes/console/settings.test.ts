import { beforeEach, describe, expect, it } from 'vitest';
import { type ApiWorld, apiWorld } from '../../../tests/fakes/api-world.ts';
import { signedInVisitor, stranger, type Visitor } from '../../../tests/fakes/visitor.ts';
import { DEFAULT_OWNER } from '../../domain/identity.ts';
import { setUpPassword } from '../../domain/password-commands.ts';

const PASSWORD = 'test-password-not-real';
const OTHER = 'another-password-not-real';
const ADDRESS = { 'x-sandboxd-peer': '203.0.113.9' };
const LIFECYCLE = {
  idle_reap_enabled: 'yes',
  idle_threshold_seconds: '2100',
  keepalive_max_seconds: '86400',
};

let world: ApiWorld;
let visitor: Visitor;
beforeEach(async () => {
  world = apiWorld();
  visitor = await signedInVisitor(world);
});

const text = async (answer: Promise<Response>) => (await answer).text();
const show = (who = visitor) => text(who.get('/settings'));
const set = () => world.ports.store.settings.lifecycle();
const went = ({ status, headers }: Response) => [status, headers.get('location')];
/** A field of a form and what stands around it. */
const field = (page: string, id: string) =>
  page.split('<div class="field').find((part) => part.includes(`id="${id}"`)) ?? '';

describe('the page of settings', () => {
  it('is in the header, and says what this installation is', async () => {
    expect(await text(visitor.get('/'))).toContain('<a class="topnav-link" href="/settings">');
    const page = await show();
    for (const fact of ['0.0.0-test', 'sandboxd/base:test', 'shared</bdi> · <bdi>overlay', 'localhost'])
      expect(page).toContain(fact);
    expect(page).toContain('http://*.preview.localhost:8080');
    expect(page).toContain('href="/settings/keys"');
    expect(page).toContain('href="/settings/webhooks"');
  });

  it('is for who is signed in', async () => {
    expect(went(await stranger(world).get('/settings'))).toEqual([303, '/login?next=%2Fsettings']);
    expect(went(await stranger(world).post('/settings/lifecycle', LIFECYCLE))).toEqual([303, '/login']);
  });

  it.each(['/lifecycle', '/password', '/sessions/end-others'])(
    'does nothing for a form that does not know the session: %s',
    async (path) => {
      const fields = { ...LIFECYCLE, idle_threshold_seconds: '900', new_password: PASSWORD, again: PASSWORD };
      const answer = await visitor.post(`/settings${path}`, { ...fields, csrf_token: 'wrong' });
      expect(answer.status).toBe(403);
      expect(await set()).toEqual({});
      expect(await world.ports.store.identity.password(DEFAULT_OWNER)).toBeUndefined();
    },
  );

  it('says what was done only where that is something it knows', async () => {
    expect(await text(visitor.get('/settings?done=lifecycle'))).toContain('The settings are in force.');
    for (const done of ['constructor', '<b>x</b>'])
      expect(await text(visitor.get(`/settings?done=${encodeURIComponent(done)}`))).not.toContain('alert-ok');
  });
});

const save = (fields: object) => visitor.post('/settings/lifecycle', { ...LIFECYCLE, ...fields });

describe('when sandboxes sleep', () => {
  it('is what an operator sets, and what is as it was is left alone', async () => {
    expect(went(await save({ idle_threshold_seconds: ' 900 ' }))).toEqual([303, '/settings?done=lifecycle']);
    expect(await set()).toEqual({ idleThresholdSeconds: 900 });
    expect(await show()).toContain('In force: 15 minutes.');
    const { idle_reap_enabled: _, ...unchecked } = LIFECYCLE;
    await visitor.post('/settings/lifecycle', { ...unchecked, idle_threshold_seconds: '900' });
    expect(await set()).toEqual({ idleReapEnabled: false, idleThresholdSeconds: 900 });
    const [entry] = await world.ports.store.audit.list({ limit: 1 });
    expect(entry).toMatchObject({
      action: 'POST /settings/lifecycle',
      target: { fields: 'idle_reap_enabled' },
    });
  });

  it('is not touched by a form that changes nothing', async () => {
    expect(went(await save({}))).toEqual([303, '/settings']);
    expect(await world.ports.store.events.list('default', { limit: 9 })).toEqual([]);
  });

  it.each([
    ['idle', { idle_threshold_seconds: '59' }, 'from 60 to 86400'],
    ['idle', { idle_threshold_seconds: '86401' }, 'from 60 to 86400'],
    ['idle', { idle_threshold_seconds: '60.5' }, 'a whole number'],
    ['idle', { idle_threshold_seconds: '' }, 'a number'],
    ['idle', { idle_threshold_seconds: '<b>' }, 'a number'],
    ['keepalive', { keepalive_max_seconds: '604801' }, 'from 0 to 604800'],
    ['keepalive', { keepalive_max_seconds: '-1' }, 'a number'],
  ])('is refused at the field %s with what was typed: %j', async (id, fields, said) => {
    const answer = await save({ idle_reap_enabled: 'no', ...fields });
    const page = await answer.text();
    expect(answer.status).toBe(400);
    expect(field(page, id)).toContain(`It must be ${said}.`);
    expect(field(page, id === 'idle' ? 'keepalive' : 'idle')).not.toContain('It must be');
    const [typed = ''] = Object.values(fields);
    expect(field(page, id)).toContain(`value="${typed.replace('<b>', '&lt;b&gt;')}"`);
    expect(page).not.toContain('value="yes" checked');
    expect(await set()).toEqual({});
  });

  it('is told to everybody, and changed by operators alone', async () => {
    const guest = await signedInVisitor(world, 'acme');
    const page = await show(guest);
    expect(page).toContain('35 minutes without a request');
    expect(page).toContain('Only operators');
    expect(page).not.toContain('action="/settings/lifecycle"');
    expect(
      (await guest.post('/settings/lifecycle', { ...LIFECYCLE, idle_threshold_seconds: '900' })).status,
    ).toBe(403);
    expect(await set()).toEqual({});
  });
});

const send = (fields: Record<string, string>) => visitor.post('/settings/password', fields, ADDRESS);
const logIn = async (password: string) => (await stranger(world).post('/login', { password })).status;
const setUp = () =>
  setUpPassword(
    world.ports,
    { owner: 'default', via: 'session', actor: { kind: 'session' } },
    { password: PASSWORD },
  );

describe('the console’s password', () => {
  it('is set, and lets in from then on', async () => {
    expect(await show()).not.toContain('Current password');
    expect(went(await send({ new_password: PASSWORD, again: PASSWORD }))).toEqual([
      303,
      '/settings?done=password',
    ]);
    expect(await logIn(PASSWORD)).toBe(303);
    expect(await show()).toContain('Current password');
  });

  it('is changed with the one there is, which ends every other session', async () => {
    await setUp();
    const other = await signedInVisitor(world);
    await send({ current_password: PASSWORD, new_password: OTHER, again: OTHER });
    expect([await logIn(PASSWORD), await logIn(OTHER)]).toEqual([401, 303]);
    expect([(await visitor.get('/')).status, (await other.get('/')).status]).toEqual([200, 303]);
  });

  it.each([
    ['new_password', 400, { new_password: 'short', again: 'short' }, 'It must be 12–1024 characters.'],
    ['again', 400, { new_password: OTHER, again: 'different' }, 'This is not the same.'],
    [
      'current_password',
      403,
      { current_password: 'wrong', new_password: OTHER, again: OTHER },
      'not the password',
    ],
    [
      'current_password',
      400,
      { current_password: 'x'.repeat(1025), new_password: OTHER, again: OTHER },
      'at most 1024',
    ],
  ])('is refused at %s, and nothing is sent back', async (id, status, fields, said) => {
    await setUp();
    const answer = await send({ current_password: PASSWORD, ...fields });
    const page = await answer.text();
    expect(answer.status).toBe(status);
    expect(field(page, id)).toContain(said);
    expect(page).not.toMatch(/type="password"[^>]*value=/);
    for (const sent of [PASSWORD, ...Object.values(fields)]) expect(page).not.toContain(`"${sent}"`);
    expect(await logIn(PASSWORD)).toBe(303);
  });

  it('is not guessed: who fails has to wait', async () => {
    await setUp();
    const wrong = { current_password: 'wrong', new_password: OTHER, again: OTHER };
    for (let time = 0; time < 5; time += 1) await send(wrong);
    const answer = await send({ ...wrong, current_password: PASSWORD });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '60']);
    expect(field(await answer.text(), 'current_password')).toContain('Too many attempts failed.');
  });

  it('is nobody else’s, and nothing where sign-in is off', async () => {
    const guest = await signedInVisitor(world, 'acme');
    expect(await show(guest)).not.toContain('type="password"');
    const answer = await guest.post('/settings/password', { new_password: PASSWORD, again: PASSWORD });
    expect(answer.status).toBe(403);
    const open = stranger(apiWorld({ auth: 'off' }));
    const page = await show(open);
    expect(page).not.toContain('type="password"');
    expect(page).not.toContain('Sign out everywhere else');
  });
});

describe('signing out everywhere else', () => {
  it('ends the other sessions of the owner, and nobody else’s', async () => {
    const [other, guest] = [await signedInVisitor(world), await signedInVisitor(world, 'acme')];
    const answer = await visitor.post('/settings/sessions/end-others');
    expect(went(answer)).toEqual([303, '/settings?done=sessions']);
    const statuses = await Promise.all(
      [visitor, other, guest].map(async (who) => (await who.get('/')).status),
    );
    expect(statuses).toEqual([200, 303, 200]);
  });
});
