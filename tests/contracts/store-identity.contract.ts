import { describe, expect, it } from 'vitest';
import type { ApiToken } from '../../src/domain/identity.ts';
import type { Change, Store } from '../../src/domain/store.ts';
import { newId, OWNER, STRANGER } from '../fakes/rows.ts';

const LATER = Date.UTC(2026, 0, 1, 13);

const aToken = (fields: Partial<ApiToken> = {}): ApiToken => ({
  id: newId(),
  owner: OWNER,
  name: 'ci',
  hash: newId(),
  prefix: 'sbx_abcd',
  createdAt: LATER,
  ...fields,
});

const failed = (at: number, since: number, ...scopes: string[]): Change => ({
  kind: 'login.failed',
  scopes,
  at,
  since,
});

/** What every {@link Store} does with those who may come in. */
export function identityStoreContract(current: () => Store): void {
  const commit = (...changes: Change[]) => current().commit(...changes);
  const failures = (scope: string, since = 0) => current().identity.loginFailures(scope, since);
  const left = async () => {
    const sessions = await Promise.all(['a', 'b', 'c', 'd'].map((hash) => current().identity.session(hash)));
    return sessions.flatMap((one) => (one === undefined ? [] : [one.hash]));
  };

  describe('identity', () => {
    it('knows a token by its hash alone', async () => {
      const token = aToken({ hash: 'h1' });
      await commit({ kind: 'token.insert', token });
      expect(await current().identity.token('h1')).toEqual(token);
      expect(await current().identity.token('h')).toBeUndefined();
      await expect(commit({ kind: 'token.insert', token: { ...token, id: newId() } })).rejects.toEqual(
        expect.objectContaining({ code: 'conflict', message: expect.stringMatching(/exists/) }),
      );
    });

    it('keeps a session until it is deleted or expires', async () => {
      const session = { owner: OWNER, createdAt: LATER, expiresAt: LATER + 10 };
      for (const hash of ['a', 'b', 'c']) {
        await commit({ kind: 'session.insert', session: { ...session, hash } });
      }
      expect(await current().identity.session('a')).toEqual({ ...session, hash: 'a' });
      const backed = { ...session, hash: 'd', tokenHash: 'h1' };
      await commit({ kind: 'session.insert', session: backed });
      expect(await current().identity.session('d')).toEqual(backed);
      await commit({ kind: 'session.delete', hash: 'a' });
      expect(await current().identity.session('a')).toBeUndefined();
      await commit({ kind: 'identity.expire', now: LATER + 10 });
      expect(await current().identity.session('b')).toBeDefined();
      await commit({ kind: 'identity.expire', now: LATER + 11 });
      expect(await current().identity.session('b')).toBeUndefined();
    });

    it('gives a login link to the first of many who redeem it', async () => {
      const link = { hash: 'l', owner: OWNER, expiresAt: LATER };
      await commit({ kind: 'login-link.insert', link });
      const redeemed = await Promise.all(
        Array.from({ length: 20 }, () => current().identity.redeemLoginLink('l', LATER - 1)),
      );
      expect(redeemed.filter((one) => one !== undefined)).toEqual([link]);
    });

    it('gives an expired login link to nobody', async () => {
      await commit({
        kind: 'login-link.insert',
        link: { hash: 'l', owner: OWNER, expiresAt: LATER },
      });
      expect(await current().identity.redeemLoginLink('l', LATER)).toBeUndefined();
      await commit({ kind: 'identity.expire', now: LATER + 1 });
      expect(await current().identity.redeemLoginLink('l', 0)).toBeUndefined();
    });

    it("lists an owner's tokens newest first, with when they were used and how long they last", async () => {
      const [plain, full] = [aToken(), aToken({ lastUsedAt: LATER, expiresAt: LATER + 5 })];
      const foreign = aToken({ owner: STRANGER });
      for (const token of [plain, full, foreign]) await commit({ kind: 'token.insert', token });
      expect(await current().identity.tokens(OWNER)).toEqual([full, plain]);
      expect(await current().identity.token(full.hash)).toEqual(full);
      await commit({ kind: 'token.used', hash: plain.hash, at: LATER });
      await commit({ kind: 'token.used', hash: plain.hash, at: LATER - 1 });
      await commit({ kind: 'token.used', hash: 'unknown', at: LATER });
      expect(await current().identity.token(plain.hash)).toEqual({ ...plain, lastUsedAt: LATER });
    });

    it('knows at most so many tokens of one owner', async () => {
      for (const owner of [STRANGER, OWNER, OWNER])
        await commit({ kind: 'token.insert', token: aToken({ owner }), most: 2 });
      await expect(commit({ kind: 'token.insert', token: aToken(), most: 2 })).rejects.toMatchObject({
        code: 'conflict',
      });
      expect(await current().identity.tokens(OWNER)).toHaveLength(2);
    });

    it('forgets a token that its owner deletes, and nobody else', async () => {
      const token = aToken();
      await commit({ kind: 'token.insert', token });
      await commit({ kind: 'token.delete', owner: STRANGER, id: token.id });
      expect(await current().identity.token(token.hash)).toEqual(token);
      await commit({ kind: 'token.delete', owner: OWNER, id: token.id });
      expect(await current().identity.token(token.hash)).toBeUndefined();
    });

    it('has one password of an owner, or none', async () => {
      const password = { owner: OWNER, hash: 'hash-1', updatedAt: LATER };
      await commit({ kind: 'password.put', password });
      await commit({ kind: 'password.put', password: { ...password, hash: 'hash-2' } });
      await commit({ kind: 'password.delete', owner: STRANGER });
      expect(await current().identity.password(OWNER)).toEqual({ ...password, hash: 'hash-2' });
      expect(await current().identity.password(STRANGER)).toBeUndefined();
      await commit({ kind: 'password.delete', owner: OWNER });
      expect(await current().identity.password(OWNER)).toBeUndefined();
    });

    it("ends an owner's sessions, but for one that stays", async () => {
      const session = { owner: OWNER, createdAt: LATER, expiresAt: LATER + 10 };
      for (const hash of ['a', 'b', 'c'])
        await commit({ kind: 'session.insert', session: { ...session, hash } });
      await commit({ kind: 'session.insert', session: { ...session, hash: 'd', owner: STRANGER } });
      for (const [hash, owner] of [
        ['mine', OWNER],
        ['theirs', STRANGER],
      ] as const)
        await commit({ kind: 'login-link.insert', link: { hash, owner, expiresAt: LATER + 10 } });
      await commit({ kind: 'sessions.delete', owner: OWNER, exceptHash: 'b' });
      expect(await left()).toEqual(['b', 'd']);
      // Or whoever had a link ready would be back at once.
      expect(await current().identity.redeemLoginLink('mine', LATER)).toBeUndefined();
      expect(await current().identity.redeemLoginLink('theirs', LATER)).toBeDefined();
      await commit({ kind: 'sessions.delete', owner: OWNER });
      expect(await left()).toEqual(['d']);
    });

    it('counts failed logins under each name, forgets old ones and those that a success ends', async () => {
      expect(await failures('all')).toEqual({ count: 0, lastAt: 0 });
      await Promise.all(
        Array.from({ length: 10 }, (_, index) => commit(failed(100 + index, 0, 'one', 'all'))),
      );
      await commit(failed(50, 0, 'two', 'all'));
      expect(await failures('one')).toEqual({ count: 10, lastAt: 109 });
      // The latest counts, also when its clock says less than that of the one before.
      expect(await failures('all')).toEqual({ count: 11, lastAt: 50 });
      expect(await failures('one', 109)).toEqual({ count: 10, lastAt: 109 });
      expect(await failures('one', 110)).toEqual({ count: 0, lastAt: 0 });
      await commit({ kind: 'login.succeeded', scope: 'one' });
      expect(await failures('one')).toEqual({ count: 0, lastAt: 0 });
      await commit(failed(200, 110, 'all'));
      expect(await failures('all')).toEqual({ count: 1, lastAt: 200 });
      expect(await failures('two')).toEqual({ count: 0, lastAt: 0 });
    });
  });
}
