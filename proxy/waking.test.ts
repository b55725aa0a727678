import { once } from 'node:events';
import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Route } from '../src/domain/routing.ts';
import type { Clocks } from './clocks.ts';
import type { Limits } from './limits.ts';
import { openProxy } from './proxy.ts';
import {
  type Harness,
  httpServer,
  liveRoute,
  OTHER_SANDBOX,
  Owned,
  previewHost,
  proxyOptions,
  type Reply,
  SANDBOX,
  startHarness,
  type TcpServer,
  until,
  type Visit,
  visit,
} from './testing/harness.ts';

/** Longer than anything here takes: whoever waits until it is over says so with a limit of its own. */
const PATIENT_MS = 20_000;

const owned = new Owned();
let harness: Harness;
let app: TcpServer;
let host: string;

beforeEach(async () => {
  harness = owned.own(
    await startHarness({ holdLimitMs: PATIENT_MS }, { limits: { heldPerSandbox: 3, reportMs: 20 } }),
  );
  app = owned.own(await httpServer((req, res) => void req.resume().on('end', () => res.end('app'))));
  host = previewHost(app.port);
});
afterEach(() => owned.end());

const route = (change: Partial<Route>) => harness.route(liveRoute([app.port], change));
/** Nobody is held for long from now on. */
async function beImpatient(limits: Partial<Limits> = {}, clocks: Partial<Clocks> = {}): Promise<void> {
  harness = owned.own(await startHarness({ holdLimitMs: 300 }, { limits, clocks }));
}

const ask = (options: Partial<Visit> = {}): Promise<Reply> => visit(harness.port, { host, ...options });

const NAVIGATION = { accept: 'text/html,application/xhtml+xml' };
const navigate = () => ask({ headers: NAVIGATION });

/** Sends a request and waits until it is held. In an array, because awaiting the reply itself would be too early. */
async function held(options: Partial<Visit> = {}): Promise<Promise<Reply>[]> {
  const asked = harness.wakes.length;
  const reply = ask(options);
  await until(() => harness.wakes.length > asked, 'the sandbox to be asked to wake');
  return [reply];
}

/** Whether somebody who asks now has to wait. */
async function isHeld(): Promise<boolean> {
  let isAnswered = false;
  void ask().then(() => (isAnswered = true));
  // An answer that does not wait is there before those to others, who come one after the other.
  for (let others = 0; others < 3; others += 1) await ask({ host: 'nobody.preview.localhost' });
  return !isAnswered;
}

const statusesOf = async (replies: Promise<Reply>[]): Promise<number[]> =>
  (await Promise.all(replies)).map(({ status }) => status).toSorted((one, other) => one - other);

describe('a request to a stopped sandbox', () => {
  beforeEach(() => route({ state: 'stopped' }));

  it('is held, wakes it once together with others, and is served when it is live', async () => {
    const replies = [ask({ path: '/a' }), ask({ path: '/b' }), ask({ method: 'POST', body: 'x' })];
    await until(() => harness.wakes.length > 0, 'a wake');
    route({ state: 'waking', generation: 2, progress: 'Installing' });
    route({ state: 'live', generation: 2 });
    for (const reply of await Promise.all(replies)) expect(reply).toMatchObject({ status: 200, body: 'app' });
    expect(harness.wakes).toEqual([SANDBOX]);
  });

  it('is a 503 when nothing comes of it in time', async () => {
    await beImpatient();
    route({ state: 'stopped' });
    expect(await ask()).toMatchObject({ status: 503, headers: { 'retry-after': '2' } });
  });

  it('finds out what has become of its sandbox meanwhile', async () => {
    const outcomes: [Partial<Route> | undefined, number][] = [
      [undefined, 404],
      [{ ports: [1] }, 404],
      [{ visibility: 'private' }, 401],
      [{ state: 'failed' }, 502],
    ];
    for (const [change, status] of outcomes) {
      route({ state: 'stopped' });
      const [reply] = await held();
      if (change === undefined) harness.proxy.apply({ type: 'remove', sandboxId: SANDBOX });
      else route({ generation: 2, ...change });
      expect(await reply).toMatchObject({ status });
    }
  });

  it('is a 503 beyond the number that may wait, of which the others know nothing', async () => {
    const replies = [ask(), ask(), ask(), ask()];
    expect((await Promise.race(replies)).body).toContain('Too many');
    route({ state: 'live' });
    expect(await statusesOf(replies)).toEqual([200, 200, 200, 503]);
  });

  it('costs a bounded number of bytes', async () => {
    harness = owned.own(await startHarness({ holdLimitMs: PATIENT_MS }, { limits: { heldBytes: 200_000 } }));
    const post = { method: 'POST', body: 'x' };
    for (const visits of [
      [post, post],
      [post, {}, {}],
    ]) {
      route({ state: 'stopped' });
      const replies = visits.map((options) => ask(options));
      // There is room for all but one, and again once they have gone.
      expect(await Promise.race(replies)).toMatchObject({ body: expect.stringMatching(/^Too many/) });
      route({ state: 'live' });
      expect(await statusesOf(replies)).toEqual([...visits.slice(1).map(() => 200), 503]);
    }
  });

  it('keeps its body with the client until there is somebody to take it', async () => {
    const sent = request({
      port: harness.port,
      host: '127.0.0.1',
      method: 'POST',
      agent: false,
      headers: { host, expect: '100-continue', 'content-length': '4' },
    });
    let invited = false;
    sent.on('continue', () => {
      invited = true;
      sent.end('body');
    });
    const response = new Promise<number | undefined>((resolve) => {
      sent.on('response', (answer) => resolve(answer.resume().statusCode));
    });
    sent.flushHeaders();
    await until(() => harness.wakes.length > 0, 'a wake');
    expect(invited).toBe(false);
    route({ state: 'live' });
    expect(await response).toBe(200);
    expect(invited).toBe(true);
  });

  it('whose client leaves makes room for the next', async () => {
    const leaving = [1, 2, 3, 4].map(() =>
      request({ port: harness.port, host: '127.0.0.1', agent: false, headers: { host } })
        .on('error', () => undefined)
        .end(),
    );
    // One of them is turned away: the others wait by then.
    await Promise.race(leaving.map((sent) => once(sent, 'response')));
    for (const sent of leaving) sent.destroy();
    await expect.poll(isHeld).toBe(true);
  });

  it('is served once, although the news of its sandbox comes while it asks', async () => {
    const heard: string[] = [];
    const direct = owned.own(
      await openProxy(
        proxyOptions(),
        {
          onWake: (id) => {
            // The first asking leads to nothing, the second is answered before it returns.
            if (heard.push(id) === 2) direct.apply({ type: 'route', route: liveRoute([app.port]) });
          },
          onTraffic: () => undefined,
        },
        { limits: { heldPerSandbox: 2, closeMs: 100 } },
      ),
    );
    const asleep = (generation: number) =>
      direct.apply({ type: 'route', route: liveRoute([app.port], { state: 'stopped', generation }) });
    asleep(1);
    const replies = [1, 2, 3].map(() => visit(direct.port, { host }));
    // Two can wait: the third answer tells that they do.
    expect(await Promise.race(replies)).toMatchObject({ status: 503 });
    asleep(2);
    expect(await statusesOf(replies)).toEqual([200, 200, 503]);
    expect(app.sockets).toHaveLength(2);
    expect(heard).toEqual([SANDBOX, SANDBOX]);
  });

  it('asks again when the sandbox falls asleep again, but not for ever', async () => {
    const [reply] = await held();
    for (let generation = 2; generation < 6; generation++) {
      route({ state: 'waking', generation });
      route({ state: 'stopped', generation });
    }
    expect(await reply).toMatchObject({ status: 503 });
    expect(harness.wakes).toEqual([SANDBOX, SANDBOX]);
  });

  it('asks again when nothing came of the first asking', async () => {
    // Timers know the time from the beginning of a turn: they may be early by as long as that turn lasts.
    await beImpatient({}, { monotonic: () => performance.now() * 0.9 });
    route({ state: 'stopped' });
    await ask();
    await ask();
    expect(harness.wakes).toEqual([SANDBOX, SANDBOX]);
  });

  it('concerns no other sandbox', async () => {
    harness.route(liveRoute([app.port], { sandboxId: OTHER_SANDBOX }));
    const [reply] = await held();
    expect(await ask({ host: previewHost(app.port, OTHER_SANDBOX) })).toMatchObject({ status: 200 });
    route({ state: 'live' });
    expect(await reply).toMatchObject({ status: 200 });
  });
});

describe('a navigation to a sleeping sandbox', () => {
  it.each([
    ['Accept', NAVIGATION],
    ['Sec-Fetch-Mode', { 'sec-fetch-mode': 'navigate' }],
  ])('known by %s gets a page that shows what goes on and loads itself again', async (_what, headers) => {
    route({ state: 'stopped' });
    expect(await ask({ headers })).toMatchObject({ status: 503, headers: { 'retry-after': '2' } });
    route({ state: 'waking', generation: 2, progress: 'Installing <dependencies>' });
    const page = await ask({ headers });
    expect(page.status).toBe(503);
    expect(page.body).toContain('Installing &lt;dependencies&gt;');
    expect(page.body).toContain('<meta http-equiv="refresh" content="2">');
    expect(harness.wakes).toEqual([SANDBOX]);
  });

  it('is told what a wake waits for', async () => {
    route({ state: 'stopped', progress: 'A snapshot of it is being taken' });
    expect((await navigate()).body).toContain('A snapshot of it is being taken');
  });

  it('gets a page that loads nothing, runs nothing, and may be framed by the console', async () => {
    route({ state: 'stopped' });
    const { body, headers } = await navigate();
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; .*frame-ancestors 'self' http:\/\/console\.localhost:8080$/,
    );
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'content-type': 'text/html; charset=utf-8',
    });
    expect(body).not.toMatch(/<script|src=|url\(|https?:/);
    expect(body).toMatch(/prefers-color-scheme: dark/);
  });

  it('is not what a script asking for HTML is', async () => {
    route({ state: 'stopped' });
    const [reply] = await held({ headers: { ...NAVIGATION, 'sec-fetch-mode': 'cors' } });
    route({ state: 'live' });
    expect(await reply).toMatchObject({ status: 200 });
  });
});

describe('visitors for whom nobody waits', () => {
  it.each([
    ['HEAD', { method: 'HEAD' }],
    ['a crawler', { headers: { ...NAVIGATION, 'user-agent': 'Mozilla/5.0 (compatible; Googlebot/2.1)' } }],
    ['a link preview', { headers: { ...NAVIGATION, 'user-agent': 'facebookexternalhit/1.1' } }],
    ['an uptime monitor', { headers: { 'user-agent': 'Pingdom.com_bot_version_1.4' } }],
    ['a prefetch', { headers: { ...NAVIGATION, 'sec-purpose': 'prefetch' } }],
    ['a prerender', { headers: { ...NAVIGATION, 'sec-purpose': 'prefetch;prerender' } }],
    ['an old prefetch', { headers: { ...NAVIGATION, purpose: 'prefetch' } }],
  ])('never wake a sandbox: %s', async (_what, options: Partial<Visit>) => {
    for (const state of ['stopped', 'paused', 'waking', 'failed'] as const) {
      route({ state });
      const { status } = await ask(options);
      expect(status).toBe(state === 'failed' ? 502 : 503);
    }
    expect(harness.wakes).toEqual([]);
  });

  it('are not taken for people under test', async () => {
    route({ state: 'stopped' });
    await ask({ headers: { ...NAVIGATION, 'user-agent': 'Mozilla/5.0 HeadlessChrome/140.0' } });
    expect(harness.wakes).toEqual([SANDBOX]);
  });

  it('do not keep it awake either', async () => {
    route({ state: 'live' });
    await ask({ method: 'HEAD' });
    await until(() => harness.traffic.length > 0, 'a report');
    expect(harness.traffic[0]).toMatchObject({ requests: 1, lastRequestAt: 0, inFlight: 0 });
  });
});

describe('a request to a paused sandbox', () => {
  beforeEach(() => route({ state: 'paused' }));

  it('is served once it is thawed, navigations too', async () => {
    const [reply] = await held({ headers: NAVIGATION });
    route({ state: 'live' });
    expect(await reply).toMatchObject({ status: 200, body: 'app' });
  });

  it('that is a navigation sees the warming page when that takes long', async () => {
    await beImpatient({ thawMs: 100 });
    route({ state: 'paused' });
    const page = await navigate();
    expect(page).toMatchObject({ status: 503 });
    expect(page.body).toContain('Waking up');
  });

  it('that is a navigation sees the warming page when it was stopped and starts', async () => {
    const [reply] = await held({ headers: NAVIGATION });
    route({ state: 'waking', generation: 2, progress: 'Seeding' });
    expect((await reply)?.body).toContain('Seeding');
  });

  it('wakes it although it is stopped meanwhile', async () => {
    const [reply] = await held();
    route({ state: 'stopped' });
    await until(() => harness.wakes.length === 2, 'a second wake');
    route({ state: 'live', generation: 2 });
    expect(await reply).toMatchObject({ status: 200 });
  });
});

describe('a sandbox that failed to start', () => {
  it('shows why, escaped, and says what to do', async () => {
    route({ state: 'failed', failure: 'pnpm: <b>exit 1</b> & "gone"' });
    const { status, body } = await navigate();
    expect(status).toBe(502);
    expect(body).toContain('pnpm: &lt;b&gt;exit 1&lt;/b&gt; &amp; &quot;gone&quot;');
    expect(body).toContain('Try again');
    expect(body).not.toContain('http-equiv="refresh"');
    expect(harness.wakes).toEqual([]);
    expect(await ask()).toMatchObject({ status: 502, body: expect.stringContaining('pnpm: <b>') });
  });

  describe('after a while', () => {
    let now: number;

    beforeEach(async () => {
      now = 0;
      harness = owned.own(
        await startHarness({}, { limits: { failedRetryMs: 10_000 }, clocks: { monotonic: () => now } }),
      );
      route({ state: 'failed', failure: 'x' });
    });

    it('is tried again for a person who comes back, at most once in that while', async () => {
      now = 9_999;
      expect(await navigate()).toMatchObject({ status: 502 });
      now = 10_000;
      expect(await navigate()).toMatchObject({ status: 503 });
      now = 19_999;
      expect(await navigate()).toMatchObject({ status: 503 });
      expect(harness.wakes).toEqual([SANDBOX]);
      now = 20_000;
      await navigate();
      expect(harness.wakes).toEqual([SANDBOX, SANDBOX]);
    });

    it('shows that it failed again', async () => {
      now = 10_000;
      await navigate();
      route({ state: 'failed', failure: 'y' });
      const { status, body } = await navigate();
      expect({ status, why: />y</.test(body) }).toEqual({ status: 502, why: true });
      expect(harness.wakes).toEqual([SANDBOX]);
    });

    it('is not tried again for a program', async () => {
      now = 10_000;
      expect(await ask()).toMatchObject({ status: 502 });
      expect(harness.wakes).toEqual([]);
    });
  });
});

const crashed = () =>
  route({ state: 'crashed', failure: 'The app crashed 5 times in a row and is left alone.' });

describe('an app that crashed and is left alone', () => {
  it('says what brings it back, and promises nothing of another visit', async () => {
    crashed();
    const revival = /when one of its files changes, or when its processes are restarted/;
    for (const { status, body, headers } of [await navigate(), await ask()]) {
      expect(status).toBe(502);
      expect(body).toContain('crashed 5 times in a row');
      expect(body).toMatch(revival);
      expect(body).not.toMatch(/did not start|starts it once more|http-equiv="refresh"/);
      expect(headers['retry-after']).toBeUndefined();
    }
  });

  it('is never asked to wake, however long ago it crashed', async () => {
    let now = 0;
    harness = owned.own(
      await startHarness({}, { limits: { failedRetryMs: 10_000 }, clocks: { monotonic: () => now } }),
    );
    crashed();
    now = 60_000;
    expect(await navigate()).toMatchObject({ status: 502 });
    expect(harness.wakes).toEqual([]);
  });

  it('shows itself once it is back', async () => {
    crashed();
    route({ state: 'live' });
    expect(await navigate()).toMatchObject({ status: 200, body: 'app' });
  });
});

describe('an app without a web page', () => {
  it('says so to whoever finds nobody at its address', async () => {
    await app[Symbol.asyncDispose]();
    route({ state: 'live', isPageless: true });
    const page = await navigate();
    expect(page.status).toBe(404);
    expect(page.body).toContain('This app has no web page');
    expect(page.body).not.toMatch(/Waiting|http-equiv="refresh"/);
    expect(await ask()).toMatchObject({ status: 404, body: expect.stringContaining('has no web page') });
  });

  it('is waited for as long as it may have one', async () => {
    await app[Symbol.asyncDispose]();
    route({ state: 'live', isPageless: false });
    expect((await navigate()).body).toContain('Waiting for the app');
  });

  it('passes on what one of its workers answers', async () => {
    route({ state: 'live', isPageless: true });
    expect(await navigate()).toMatchObject({ status: 200, body: 'app' });
  });
});

describe('closing', () => {
  it('lets nobody wait', async () => {
    route({ state: 'stopped' });
    const [reply] = await held();
    const closed = harness[Symbol.asyncDispose]();
    expect(await reply).toMatchObject({ status: 503 });
    await closed;
  });
});
