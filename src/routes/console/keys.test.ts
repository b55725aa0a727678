import { beforeEach, describe, expect, it } from 'vitest';
import { type ApiWorld, apiWorld } from '../../../tests/fakes/api-world.ts';
import { HOST, signedInVisitor, stranger, type Visitor } from '../../../tests/fakes/visitor.ts';
import { createApiKey, listApiKeys } from '../../domain/api-key-commands.ts';

const DAY = 24 * 3600 * 1000;

let world: ApiWorld;
let visitor: Visitor;
beforeEach(async () => {
  world = apiWorld();
  visitor = await signedInVisitor(world);
});

const text = async (answer: Promise<Response>) => (await answer).text();
const show = () => text(visitor.get('/settings/keys'));
const make = (fields: Record<string, string>) => visitor.post('/settings/keys', fields);
const names = async (owner = 'default') => (await listApiKeys(world.ports, owner)).map(({ name }) => name);
/** What the page says of one key. */
const about = (page: string, name: string) =>
  page.split('<li class="item').find((part) => part.includes(`<bdi>${name}</bdi>`)) ?? '';

const tokenIn = (page: string) => /<code>(sbx_[\w-]{43})<\/code>/.exec(page)?.[1] ?? '';
const callWith = async (token: string) =>
  (await world.app.request('/v1/apps', { headers: { host: HOST, authorization: `Bearer ${token}` } })).status;

describe('an API key that is made in the console', () => {
  it('works, and its token is on one page and on no other', async () => {
    const made = await make({ name: 'CI', expires_in_days: '90' });
    const page = await made.text();
    const token = tokenIn(page);
    expect([made.status, made.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(page).toContain(`data-copy="${token}"`);
    expect(await callWith(token)).toBe(200);
    const later = await show();
    expect(later).not.toContain(token);
    expect(about(later, 'CI')).toContain(`${token.slice(0, 8)}…`);
    expect(about(later, 'CI')).toContain('Apr 2, 2030');
    expect(JSON.stringify(world.logged)).not.toContain(token);
    const [entry] = await world.ports.store.audit.list({ limit: 1 });
    expect(entry).toMatchObject({ action: 'POST /settings/keys', target: { name: 'CI' }, status: 200 });
    expect(JSON.stringify(entry)).not.toContain(token);
  });

  it('does not end when nobody wants it to', async () => {
    await make({ name: 'CI', expires_in_days: '' });
    expect(about(await show(), 'CI')).toContain('does not end');
    expect((await listApiKeys(world.ports, 'default'))[0]?.expiresAt).toBeUndefined();
  });

  it.each([
    [{ name: ' ', expires_in_days: '30' }, 'key-name', 'The name must say what the key is for.'],
    [{ name: 'x'.repeat(101), expires_in_days: '30' }, 'key-name', 'at most 100 characters'],
    [{ name: 'CI <b>', expires_in_days: '0' }, 'key-term', 'from 1 to 3650'],
    [{ name: 'CI <b>', expires_in_days: 'soon' }, 'key-term', 'from 1 to 3650'],
  ])('is refused at its field, with what was typed: %j', async (fields, id, said) => {
    const answer = await make(fields);
    const page = await answer.text();
    expect(answer.status).toBe(400);
    expect(new RegExp(`id="${id}-problem">([^<]*)<`).exec(page)?.[1]).toContain(said);
    expect(page).toContain(`value="${fields.name.replace('<b>', '&lt;b&gt;')}"`);
    expect(page.match(/field-problem/g)).toHaveLength(1);
    expect(tokenIn(page)).toBe('');
    expect(await names()).toEqual([]);
  });
});

describe('the list of API keys', () => {
  it('says how each is used, newest first, and nothing of others', async () => {
    const { token } = await createApiKey(world.ports, 'default', { name: 'Old', expires_in_days: 1 });
    await callWith(token);
    world.advance(2 * DAY);
    await createApiKey(world.ports, 'default', { name: '<script>' });
    await createApiKey(world.ports, 'rival', { name: 'Secret plan' });
    const page = await show();
    expect(page.indexOf('&lt;script&gt;')).toBeLessThan(page.indexOf('Old'));
    expect(about(page, 'Old')).toMatch(/Expired.*last used .*2 days ago.*ended .*Jan 3, 2030/s);
    expect(about(page, '&lt;script&gt;')).toMatch(/never used.*does not end/s);
    expect(page).not.toContain('Secret plan');
  });
});

describe('an API key that is revoked', () => {
  it('is asked about, gone, and refused from then on', async () => {
    const { token, key } = await createApiKey(world.ports, 'default', { name: 'CI' });
    const href = `/settings/keys/${key.id}/revoke`;
    expect(about(await show(), 'CI')).toContain(`href="${href}" data-ask`);
    expect(await text(visitor.get(href))).toContain('Revoke “<bdi>CI</bdi>”?');
    const answer = await visitor.post(href);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/settings/keys']);
    expect(await callWith(token)).toBe(401);
    expect((await visitor.post(href)).status).toBe(404);
  });

  it('is never another owner’s, nor by a form that does not know the session', async () => {
    const { key } = await createApiKey(world.ports, 'rival', { name: 'CI' });
    const href = `/settings/keys/${key.id}/revoke`;
    expect([(await visitor.get(href)).status, (await visitor.post(href)).status]).toEqual([404, 404]);
    const rival = await signedInVisitor(world, 'rival');
    expect((await rival.post(href, { csrf_token: 'wrong' })).status).toBe(403);
    expect((await rival.post('/settings/keys', { name: 'Planted', csrf_token: '' })).status).toBe(403);
    expect((await stranger(world).post(href)).headers.get('location')).toBe('/login');
    expect(await names('rival')).toEqual(['CI']);
  });
});
