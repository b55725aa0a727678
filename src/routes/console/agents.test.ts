import { beforeEach, describe, expect, it } from 'vitest';
import { type ApiWorld, apiWorld } from '../../../tests/fakes/api-world.ts';
import { signedInVisitor, stranger, type Visitor } from '../../../tests/fakes/visitor.ts';
import { setProviderKey } from '../../domain/agent-commands.ts';

const KEY = 'test-key-not-real';

let world: ApiWorld;
let visitor: Visitor;

beforeEach(async () => {
  world = apiWorld();
  visitor = await signedInVisitor(world);
});

const text = async (answer: Promise<Response>) => (await answer).text();

const keys = async (owner = 'default') =>
  (await world.ports.store.credentials.list(owner)).map(({ provider }) => provider);

/** What the page says of one provider. */
const about = (page: string, provider: string) =>
  new RegExp(`id="provider-${provider}">.*?</li>`, 's').exec(page)?.[0] ?? '';

describe('the page of agents', () => {
  it('says which agents there are and which providers can be used', async () => {
    const page = await text(visitor.get('/agents'));
    expect(page).toMatch(/Claude Code<\/span><span class="chip chip-ok">.*?Installed/s);
    expect(page).toMatch(/Codex<\/span><span class="chip chip-idle">.*?Not installed/s);
    expect(about(page, 'anthropic')).toContain('Not connected');
    expect(about(page, 'anthropic')).toContain('For opencode and Claude Code.');
    expect(about(page, 'anthropic')).not.toContain('Disconnect');
  });

  it('is linked from every page', async () => {
    expect(await text(visitor.get('/'))).toContain('href="/agents"');
  });

  it('does not claim to know what a node that is away has', async () => {
    world.node.reachable = false;
    const page = await text(visitor.get('/agents'));
    expect(page).toMatch(/opencode<\/span><span class="chip chip-warn">.*?Unknown/s);
  });

  it('takes no key for a service that the operator has not named, and none is needed for one they have', async () => {
    const unnamed = about(await text(visitor.get('/agents')), 'openai-compatible');
    expect(unnamed).toContain('SANDBOXD_OPENAI_COMPATIBLE_URL');
    expect(unnamed).not.toContain('<input id="key');
    const providers = {
      baseUrls: { 'openai-compatible': 'http://models.example/v1' },
      compatibleKey: undefined,
      defaultModel: undefined,
    };
    world = apiWorld({ providers });
    visitor = await signedInVisitor(world);
    const named = about(await text(visitor.get('/agents')), 'openai-compatible');
    expect(named).toContain('Connected');
    expect(named).toContain('type="password"');
  });

  it('wants somebody who is signed in', async () => {
    const answer = await stranger(world).get('/agents?next=/apps/x');
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe(`/login?next=${encodeURIComponent('/agents?next=/apps/x')}`);
    expect((await stranger(world).post('/agents/anthropic/key', { api_key: KEY })).status).toBe(303);
    expect(await keys()).toEqual([]);
  });
});

describe('a provider’s key', () => {
  it('is taken, and shown to nobody again', async () => {
    const answer = await visitor.post('/agents/anthropic/key', { api_key: ` ${KEY}\n` });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/agents']);
    world.advance(120_000);
    const page = await text(visitor.get('/agents'));
    expect(about(page, 'anthropic')).toContain('Connected');
    expect(about(page, 'anthropic')).toMatch(/Your key was set .*2 minutes ago/s);
    expect(page).not.toContain(KEY);
    expect(page).not.toMatch(/<input[^>]*type="password"[^>]*value=/);
    expect(page.match(/autocomplete="off"/g)?.length).toBe(3);
    expect(JSON.stringify(world.logged)).not.toContain(KEY);
  });

  it.each([
    ['', 'The key must be 1–4096 printable ASCII characters'],
    ['two words', 'The key must be 1–4096 printable ASCII characters'],
    ['ключ', 'The key must be 1–4096 printable ASCII characters'],
  ])('that is none is refused at its field and not repeated: %j', async (key, said) => {
    const answer = await visitor.post('/agents/openai/key', { api_key: key, next: '/apps/x' });
    const page = await answer.text();
    expect(answer.status).toBe(400);
    expect(about(page, 'openai')).toContain(said);
    expect(about(page, 'anthropic')).not.toContain(said);
    expect(page).not.toMatch(/type="password"[^>]*value=/);
    expect(about(page, 'openai')).toContain('name="next" value="/apps/x"');
    expect(await keys()).toEqual([]);
  });

  it.each([
    ['/apps/x', '/apps/x'],
    ['/', '/agents'],
    ['https://evil.example/', '/agents'],
    ['//evil.example', '/agents'],
    ['javascript:alert(1)', '/agents'],
  ])('leads back to where one came from, and nowhere else: %s', async (next, location) => {
    const answer = await visitor.post('/agents/anthropic/key', { api_key: KEY, next });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, location]);
    expect(await text(visitor.get(`/agents?next=${encodeURIComponent(next)}`))).not.toMatch(
      /href="[^"]*evil/,
    );
  });

  it('is forgotten when its owner disconnects', async () => {
    await visitor.post('/agents/anthropic/key', { api_key: KEY });
    const answer = await visitor.post('/agents/anthropic/disconnect', { next: '/apps/x' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/agents?next=%2Fapps%2Fx']);
    expect(await keys()).toEqual([]);
    expect(about(await text(visitor.get('/agents')), 'anthropic')).toContain('Not connected');
  });

  it('of somebody else is neither seen nor touched', async () => {
    await setProviderKey(world.ports, 'rival', 'anthropic', { api_key: KEY });
    expect(about(await text(visitor.get('/agents')), 'anthropic')).toContain('Not connected');
    await visitor.post('/agents/anthropic/disconnect');
    expect(await keys('rival')).toEqual(['anthropic']);
  });

  it.each(['key', 'disconnect'])('of an unknown provider is not there: %s', async (action) => {
    expect((await visitor.post(`/agents/skynet/${action}`, { api_key: KEY })).status).toBe(404);
  });

  it.each(['key', 'disconnect'])('is not touched by a forged form: %s', async (action) => {
    await visitor.post('/agents/anthropic/key', { api_key: KEY });
    const target = `/agents/openai/${action}`;
    expect((await visitor.post(target, { api_key: KEY, csrf_token: '' })).status).toBe(403);
    expect((await visitor.post(target, { api_key: KEY }, { origin: 'https://evil.example' })).status).toBe(
      403,
    );
    expect(await keys()).toEqual(['anthropic']);
  });
});
