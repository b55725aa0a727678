import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WebhookRequest, WebhookSender } from '../../src/domain/webhook.ts';
import { startReceiver } from '../harness/receiver.ts';

export interface SenderRules {
  /** Whether an IP address may be connected to. */
  readonly allows: (address: string) => boolean;
  /** Milliseconds. */
  readonly deadlineMs?: number;
}

const QUICK_MS = 150;
const anywhere = () => true;
const nowhere = () => false;

const requestTo = (url: string): WebhookRequest => ({
  url,
  headers: { 'content-type': 'application/json', 'webhook-id': 'one' },
  body: '{"naïve":"☃"}',
});

/** What every sender does, against real servers on loopback. */
export function describeWebhookSender(
  name: string,
  open: (rules: SenderRules, scope: AsyncDisposableStack) => WebhookSender,
): void {
  describe(`${name} as a sender of webhooks`, () => {
    let scope: AsyncDisposableStack;
    beforeEach(() => {
      scope = new AsyncDisposableStack();
    });
    afterEach(() => scope.disposeAsync());
    const receiver = async (...args: Parameters<typeof startReceiver>) =>
      scope.use(await startReceiver(...args));
    const send = (
      url: string,
      rules: SenderRules = { allows: anywhere },
      signal = new AbortController().signal,
    ) => open(rules, scope).send(requestTo(url), signal);

    it('sends a body and its headers, and tells the status', async () => {
      const { origin, received } = await receiver();
      expect(await send(`${origin}/in?a=b`)).toBe(204);
      expect(received).toEqual([
        {
          method: 'POST',
          path: '/in?a=b',
          body: '{"naïve":"☃"}',
          headers: expect.objectContaining({
            'content-type': 'application/json',
            'webhook-id': 'one',
            'content-length': String(Buffer.byteLength('{"naïve":"☃"}')),
          }),
        },
      ]);
    });

    it.each([200, 400, 410, 500])('tells %d like any other status', async (status) => {
      const { origin } = await receiver((_, outgoing) => outgoing.writeHead(status).end('because'));
      expect(await send(origin)).toBe(status);
    });

    it.each([301, 302, 307, 308])('an endpoint that redirects (%d) leads nobody anywhere', async (status) => {
      const inner = await receiver();
      const outer = await receiver((_, outgoing) =>
        outgoing.writeHead(status, { location: `${inner.origin}/latest/meta-data` }).end(),
      );
      expect(await send(outer.origin)).toBe(status);
      expect(inner.received).toEqual([]);
    });

    it('is not kept by an answer without end', async () => {
      const endless = await receiver((_, outgoing) => {
        outgoing.writeHead(200);
        const more = () => {
          while (!outgoing.destroyed && outgoing.write('x'.repeat(65_536)));
        };
        outgoing.on('drain', more);
        more();
      });
      expect(await send(endless.origin)).toBe(200);
      await expect.poll(() => endless.connections).toBe(0);
    });

    it('gives an endpoint up that does not answer', async () => {
      const silent = await receiver(() => undefined);
      await expect(send(silent.origin, { allows: anywhere, deadlineMs: QUICK_MS })).rejects.toMatchObject({
        code: 'unavailable',
        message: 'The endpoint did not answer within 10 seconds.',
      });
      await expect.poll(() => silent.connections).toBe(0);
    });

    it('ends when it is told to', async () => {
      const ending = new AbortController();
      const silent = await receiver(() => ending.abort(new Error('the server ends')));
      await expect(send(silent.origin, { allows: anywhere }, ending.signal)).rejects.toThrow(
        'the server ends',
      );
      await expect.poll(() => silent.connections).toBe(0);
    });

    it('says of an endpoint that is not there no more than that', async () => {
      const { origin, ...gone } = await startReceiver();
      await gone[Symbol.asyncDispose]();
      const failure = await send(`${origin}/in?token=test-token-not-real`).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'unavailable' });
      expect(String(failure)).toContain('could not be reached');
      expect(String(failure)).not.toContain('token');
    });

    it('refuses an address that is not allowed, however it is written, before anything reaches it', async () => {
      const { port, received } = await receiver();
      const hosts = [
        '127.0.0.1',
        '127.1',
        '2130706433',
        '0x7f.0.0.1',
        '017700000001',
        '127.0.0.1.',
        '①②⑦.0.0.1',
      ];
      const names = [
        'localhost',
        'LOCALHOST.',
        'app.localhost',
        '[::1]',
        '[::ffff:127.0.0.1]',
        '[::ffff:7f00:1]',
      ];
      for (const host of [...hosts, ...names]) {
        await expect(send(`http://${host}:${port}/`, { allows: nowhere })).rejects.toMatchObject({
          code: 'invalid_request',
          message: expect.stringContaining('SANDBOXD_WEBHOOKS_TO_PRIVATE'),
        });
      }
      expect(received).toEqual([]);
    });
  });
}
