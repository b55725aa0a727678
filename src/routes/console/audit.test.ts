import { describe, expect, it } from 'vitest';
import { type ApiWorld, apiWorld } from '../../../tests/fakes/api-world.ts';
import { signedInVisitor, stranger } from '../../../tests/fakes/visitor.ts';
import type { AuditEntry } from '../../domain/audit.ts';

const keep = (world: ApiWorld, entry: Partial<AuditEntry>) =>
  world.ports.store.commit({
    kind: 'audit',
    entry: {
      id: world.ports.newId(),
      actor: { kind: 'unknown' },
      action: 'POST /v1/apps',
      target: {},
      status: 201,
      requestId: 'ask-1',
      at: world.ports.clock(),
      ...entry,
    },
  });

const text = async (answer: Promise<Response>) => (await answer).text();

describe('the page of the audit log', () => {
  it.each([
    [{ actor: { kind: 'api-key', id: 'x', name: 'CI <b>' } }, 'API key “CI &lt;b&gt;”'],
    [{ actor: { kind: 'command-line' } }, 'Command line'],
    [{ actor: { kind: 'unknown' }, address: '203.0.113.9' }, '203.0.113.9'],
    [{ owner: 'acme' }, '<bdi>acme</bdi>'],
    [{ action: 'PATCH /v1/apps/:id' }, '<code>PATCH /v1/apps/:id</code>'],
    [{ target: { key: '<script>' } }, 'key <bdi>&lt;script&gt;</bdi>'],
    [{ status: 204 }, 'Done'],
    [{ status: 303 }, 'Done'],
    [{ status: 403 }, 'Refused, 403'],
    [{ status: 500 }, 'Failed, 500'],
    [{ requestId: 'ask-7' }, 'Request ask-7'],
  ] as const)('says of %j: %s', async (entry, says) => {
    const world = apiWorld();
    const visitor = await signedInVisitor(world);
    await keep(world, entry);
    expect(await text(visitor.get('/audit'))).toContain(says);
  });

  it('shows everybody’s to operators, and others their own', async () => {
    const world = apiWorld();
    await keep(world, { owner: 'rival', target: { key: 'of-rival' } });
    await keep(world, { owner: 'acme', target: { key: 'of-acme' } });
    const operator = await text((await signedInVisitor(world)).get('/audit'));
    const acme = await text((await signedInVisitor(world, 'acme')).get('/audit'));
    const seen = [operator, acme].map((page) => [page.includes('of-acme'), page.includes('of-rival')]);
    expect(seen).toEqual([
      [true, true],
      [true, false],
    ]);
  });

  it('goes on with what is older', async () => {
    const world = apiWorld();
    const visitor = await signedInVisitor(world);
    for (let at = 0; at < 60; at += 1) await keep(world, { target: { key: `key-${at}.` } });
    const first = await text(visitor.get('/audit'));
    expect([first.includes('key-59.'), first.includes('key-9.')]).toEqual([true, false]);
    const older = /rel="next" href="([^"]+)"/.exec(first)?.[1] ?? '';
    const second = await text(visitor.get(older));
    expect([second.includes('key-9.'), second.includes('key-59.')]).toEqual([true, false]);
    expect(second).toContain('href="/audit">Newest');
  });

  it('is for who is signed in', async () => {
    const answer = await stranger(apiWorld()).get('/audit');
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/login?next=%2Faudit']);
  });

  it('has no sessions to end where sign-in is off', async () => {
    const page = await text(stranger(apiWorld({ auth: 'off' })).get('/audit'));
    expect(page).toContain('Audit log');
    expect(page).not.toContain('Sign out everywhere');
  });
});
