import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { importPreviewKey, signPreviewToken } from '../src/domain/preview-token.ts';
import {
  type Harness,
  httpServer,
  liveRoute,
  OTHER_SANDBOX,
  Owned,
  PREVIEW_KEY,
  previewHost,
  SANDBOX,
  startHarness,
  type TcpServer,
  type Visit,
  visit,
} from './testing/harness.ts';

const owned = new Owned();
const key = await importPreviewKey(PREVIEW_KEY);
let harness: Harness;
let app: TcpServer;
let host: string;
let seen: { url: string; cookie: string | undefined; referer: string | undefined }[];
let now: number;

beforeEach(async () => {
  seen = [];
  now = Date.now();
  app = owned.own(
    await httpServer((req, res) => {
      seen.push({ url: req.url ?? '', cookie: req.headers.cookie, referer: req.headers.referer });
      res.end('secret');
    }),
  );
  harness = owned.own(await startHarness({ holdLimitMs: 100 }, { clocks: { wall: () => now } }));
  host = previewHost(app.port);
  harness.route(liveRoute([app.port], { visibility: 'private' }));
});
afterEach(() => owned.end());

const token = (change: { sandboxId?: string; port?: number; expiresAt?: number } = {}) =>
  signPreviewToken(
    key,
    { sandboxId: change.sandboxId ?? SANDBOX, port: change.port ?? app.port },
    change.expiresAt ?? now + 60_000,
  );
const ask = (options: Partial<Visit> = {}) => visit(harness.port, { host, ...options });
const withCookie = (cookie: string, options: Partial<Visit> = {}) =>
  ask({ ...options, headers: { ...(options.headers as object), cookie } });

describe('a stranger at a private preview', () => {
  it.each(['GET', 'HEAD', 'POST', 'OPTIONS'])('is refused for %s and learns nothing', async (method) => {
    const reply = await ask({ method, headers: { accept: 'text/html' } });
    expect(reply).toMatchObject({ status: 401, headers: { 'www-authenticate': expect.anything() } });
    expect(reply.body).not.toContain('secret');
    expect(seen).toEqual([]);
  });

  it('wakes nothing', async () => {
    for (const state of ['stopped', 'paused', 'failed', 'waking'] as const) {
      harness.route(liveRoute([app.port], { visibility: 'private', state }));
      expect(await ask()).toMatchObject({ status: 401 });
    }
    expect(harness.wakes).toEqual([]);
  });

  it('is refused with any token but the right one', async () => {
    const good = await token();
    const wrong = [
      '',
      'x',
      good.slice(0, -1),
      `${good}x`,
      good.toUpperCase(),
      await token({ port: app.port + 1 }),
      await token({ sandboxId: OTHER_SANDBOX }),
      await token({ expiresAt: now - 1000 }),
    ];
    for (const text of wrong) {
      expect(await ask({ path: `/?sandboxd_token=${text}` })).toMatchObject({ status: 401 });
      expect(await withCookie(`sandboxd_preview=${text}`)).toMatchObject({ status: 401 });
    }
    expect(seen).toEqual([]);
  });
});

describe('a signed link', () => {
  it('becomes a cookie of this host only, and leaves the address', async () => {
    const text = await token();
    const reply = await ask({ path: `/a/%20b?x=1&sandboxd_token=${text}&y=%2F` });
    expect(reply).toMatchObject({
      status: 302,
      headers: {
        location: `http://${host}/a/%20b?x=1&y=%2F`,
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
        'set-cookie': [
          `sandboxd_preview=${text}; Path=/; Max-Age=59; HttpOnly; SameSite=Lax`,
          `sandboxd_preview_framed=${text}; Path=/; Max-Age=59; HttpOnly; Secure; SameSite=None; Partitioned`,
        ].map((cookie) => cookie.replace('59', String(Math.floor((expiry(text) - now) / 1000)))),
      },
    });
    expect(seen).toEqual([]);
    const { url } = { url: new URL(reply.headers.location ?? '') };
    expect(await withCookie(`sandboxd_preview=${text}`, { path: url.pathname + url.search })).toMatchObject({
      status: 200,
      body: 'secret',
    });
    expect(seen).toEqual([{ url: '/a/%20b?x=1&y=%2F', cookie: undefined, referer: undefined }]);
  });

  it('sets one cookie that no other host can set behind TLS', async () => {
    const secure = owned.own(await startHarness({ tls: true }, { clocks: { wall: () => now } }));
    secure.route(liveRoute([app.port], { visibility: 'private' }));
    const text = await token();
    const { headers } = await visit(secure.port, { host, path: `/?sandboxd_token=${text}` });
    expect(headers.location).toBe(`https://${host}/`);
    expect(headers['set-cookie']).toEqual([
      expect.stringMatching(
        /^__Host-sandboxd_preview=.*; Path=\/; Max-Age=\d+; HttpOnly; Secure; SameSite=None; Partitioned$/,
      ),
    ]);
    const opened = await visit(secure.port, { host, headers: { cookie: `__Host-sandboxd_preview=${text}` } });
    expect(opened.status).toBe(200);
    const planted = await visit(secure.port, { host, headers: { cookie: `sandboxd_preview=${text}` } });
    expect(planted.status).toBe(401);
  });

  it('leads nowhere else', async () => {
    const { headers } = await ask({ path: `//evil.example/?sandboxd_token=${await token()}` });
    expect(headers.location).toBe(`http://${host}//evil.example/`);
  });

  it('is gone from the address of a public preview too, and of a request that is no reading', async () => {
    harness.route(liveRoute([app.port]));
    const text = await token();
    expect(await ask({ path: `/?sandboxd_token=${text}` })).toMatchObject({ status: 302 });
    await ask({ path: `/post?sandboxd_token=${text}&a=b`, method: 'POST' });
    await ask({ path: '/stale?sandboxd_token=stale' });
    expect(seen.map(({ url }) => url)).toEqual(['/post?a=b', '/stale']);
  });

  it('wakes the sandbox only once the cookie has come back', async () => {
    harness.route(liveRoute([app.port], { visibility: 'private', state: 'stopped' }));
    const text = await token();
    await ask({ path: `/?sandboxd_token=${text}` });
    expect(harness.wakes).toEqual([]);
    await withCookie(`sandboxd_preview=${text}`);
    expect(harness.wakes).toEqual([SANDBOX]);
  });
});

describe('the cookie of a private preview', () => {
  it('opens it until it expires, though it was verified before', async () => {
    const cookie = `sandboxd_preview_framed=${await token()}`;
    expect(await withCookie(cookie)).toMatchObject({ status: 200 });
    expect(await withCookie(cookie)).toMatchObject({ status: 200 });
    now += 60_000;
    expect(await withCookie(cookie)).toMatchObject({ status: 401 });
  });

  it('opens no other port and no other sandbox, though it was verified before', async () => {
    const cookie = `sandboxd_preview=${await token()}`;
    await withCookie(cookie);
    harness.route(liveRoute([app.port], { visibility: 'private', sandboxId: OTHER_SANDBOX }));
    harness.route(liveRoute([app.port, 1], { visibility: 'private' }));
    expect(await withCookie(cookie, { host: previewHost(app.port, OTHER_SANDBOX) })).toMatchObject({
      status: 401,
    });
    expect(await withCookie(cookie, { host: previewHost(1) })).toMatchObject({ status: 401 });
  });

  it('is found among others of its name that a sibling host has planted', async () => {
    const planted = `sandboxd_preview=x; sandboxd_preview=y; sandboxd_preview=${await token()}`;
    expect(await withCookie(planted)).toMatchObject({ status: 200 });
  });

  it('never reaches the app, in any form', async () => {
    const text = await token();
    await withCookie(`a=1; sandboxd_preview=${text}; b="2"; __Host-sandboxd_session=s; SANDBOXD_x=1; c`, {
      headers: { referer: `http://${host}/?sandboxd_token=${text}` },
    });
    expect(seen).toEqual([{ url: '/', cookie: 'a=1; b="2"; c', referer: undefined }]);
  });
});

const expiry = (text: string) => Number.parseInt(text.split('.')[0] ?? '', 36) * 1000;
