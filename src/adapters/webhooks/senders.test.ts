import type { LookupAddress } from 'node:dns';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Agent } from 'undici';
import { describeWebhookSender } from '../../../tests/contracts/webhook-sender.contract.ts';
import { type Receiver, startReceiver } from '../../../tests/harness/receiver.ts';
import { WayOut } from '../provider/way-out.ts';
import { checkedLookup, publicNames, type Resolve, systemNames } from './checked-lookup.ts';
import { edgeWebhookSender } from './edge-sender.ts';
import { isPublicAddress } from './public-address.ts';
import { webhookSender } from './sender.ts';
import type { AddressRule } from './target.ts';

describeWebhookSender('the Node sender', ({ allows, deadlineMs }, scope) => {
  const agent = new Agent({ connect: { lookup: checkedLookup(allows, systemNames) } });
  scope.defer(() => agent.destroy());
  return webhookSender({ way: () => agent, allows, deadlineMs });
});

describeWebhookSender("the edge's sender", ({ allows, deadlineMs }) => edgeWebhookSender(allows, deadlineMs));

/** A name server of the attacker's, that answers with these in turn. */
function answering(...answers: string[][]): Resolve & { asked: () => number } {
  let asked = 0;
  const resolve = async (): Promise<LookupAddress[]> => {
    const addresses = answers[Math.min(asked, answers.length - 1)] ?? [];
    asked += 1;
    return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
  return Object.assign(resolve, { asked: () => asked });
}

const noData = () => Promise.reject(new Error('queryAaaa ENODATA'));

describe('a name that somebody else decides over', () => {
  let scope: AsyncDisposableStack;
  let inside: Receiver;
  beforeEach(async () => {
    scope = new AsyncDisposableStack();
    inside = scope.use(await startReceiver());
  });
  afterEach(() => scope.disposeAsync());

  /** A sender for whom 127.0.0.2 alone is on the internet, unless another rule is given. */
  const senderBy = (resolve: Resolve, allows: AddressRule = (address) => address === '127.0.0.2') => {
    const way = scope.use(
      new WayOut({ caFile: undefined, outboundProxy: {} }, checkedLookup(allows, resolve)),
    );
    const sender = webhookSender({ way: (url) => way.for(url), allows });
    const request = { url: `http://rebinding.test:${inside.port}/`, headers: {}, body: '{}' };
    return () => sender.send(request, new AbortController().signal);
  };

  it('leads into the network: nothing is connected to', async () => {
    for (const addresses of [['127.0.0.1'], ['::1'], ['10.0.0.1', '169.254.169.254'], ['::ffff:127.0.0.1']]) {
      const send = senderBy(answering(addresses), isPublicAddress);
      await expect(send()).rejects.toMatchObject({ code: 'invalid_request' });
    }
    expect(inside.received).toEqual([]);
  });

  it('leads to the internet first and into the network when it is asked again: it is not asked again', async () => {
    const outside = scope.use(await startReceiver(undefined, { host: '127.0.0.2', port: inside.port }));
    const resolve = answering(['127.0.0.2'], ['127.0.0.1']);
    const send = senderBy(resolve);
    expect(await send()).toBe(204);
    expect([resolve.asked(), outside.received.length, inside.received.length]).toEqual([1, 1, 0]);
    // The next delivery connects anew, and the name is checked anew.
    await expect(send()).rejects.toMatchObject({ code: 'invalid_request' });
    expect([resolve.asked(), outside.received.length, inside.received.length]).toEqual([2, 1, 0]);
  });

  it('leads to both: the address inside is not even tried', async () => {
    const outside = scope.use(await startReceiver(undefined, { host: '127.0.0.2', port: inside.port }));
    expect(await senderBy(answering(['127.0.0.1', '127.0.0.2']))()).toBe(204);
    expect([outside.received.length, inside.received.length]).toEqual([1, 0]);
  });

  it('does not exist: that is all there is to tell', async () => {
    const missing = Object.assign(new Error('queryA ENOTFOUND rebinding.test'), { code: 'ENOTFOUND' });
    const send = senderBy(
      publicNames({ resolve4: () => Promise.reject(missing), resolve6: () => Promise.reject(missing) }),
    );
    await expect(send()).rejects.toMatchObject({
      code: 'unavailable',
      message: 'The endpoint could not be reached (ENOTFOUND).',
    });
  });

  it('has addresses of one kind alone', async () => {
    const outside = scope.use(await startReceiver(undefined, { host: '127.0.0.2', port: inside.port }));
    const four = publicNames({
      resolve4: async () => ['127.0.0.2'],
      resolve6: noData,
    });
    expect([await senderBy(four)(), outside.received.length]).toEqual([204, 1]);
    const six = publicNames({ resolve4: noData, resolve6: async () => ['::1'] });
    await expect(senderBy(six)()).rejects.toMatchObject({ code: 'invalid_request' });
  });
});

describe('through a forward proxy', () => {
  it('sends to the proxy, wherever that is, and still refuses addresses inside', async () => {
    await using proxy = await startReceiver();
    const outbound = { caFile: undefined, outboundProxy: { http: proxy.origin, none: '' } };
    await using way = new WayOut(outbound, checkedLookup(isPublicAddress, answering([])));
    const sender = webhookSender({ way: (url) => way.for(url), allows: isPublicAddress });
    const send = (url: string) => sender.send({ url, headers: {}, body: '{}' }, new AbortController().signal);
    expect(await send('http://hooks.test/in')).toBe(204);
    expect(proxy.received.map(({ path }) => path)).toEqual(['http://hooks.test/in']);
    for (const host of ['169.254.169.254', 'localhost', '[fd00::1]'])
      await expect(send(`http://${host}/`)).rejects.toMatchObject({ code: 'invalid_request' });
    expect(proxy.received).toHaveLength(1);
  });

  it('checks names that the operator excepts from it', async () => {
    await using proxy = await startReceiver();
    const outbound = { caFile: undefined, outboundProxy: { http: proxy.origin, none: 'inner.test' } };
    await using way = new WayOut(outbound, checkedLookup(isPublicAddress, answering(['127.0.0.1'])));
    const sender = webhookSender({ way: (url) => way.for(url), allows: isPublicAddress });
    const request = { url: `http://inner.test:${proxy.port}/`, headers: {}, body: '{}' };
    await expect(sender.send(request, new AbortController().signal)).rejects.toMatchObject({
      code: 'invalid_request',
    });
    expect(proxy.received).toEqual([]);
  });
});
