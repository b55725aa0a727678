import { generateKeyPair } from 'jose';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type {
  ArrivingRequest,
  ChannelRequest,
  ChannelSigner,
  ChannelVerifier,
} from '../../domain/channel.ts';
import { createSigner, createVerifier } from './token.ts';

const REQUEST = { method: 'POST', path: '/internal/v1/apply?x=1', body: new TextEncoder().encode('{"a":1}') };

/** A request as its receiver sees it. */
const arriving = (request: ChannelRequest): ArrivingRequest => ({
  ...request,
  body: async () => request.body,
});

describe('a signed channel request', () => {
  let now = 1_700_000_000_000;
  let signer: ChannelSigner;
  let stranger: ChannelSigner;
  let verifier: ChannelVerifier;

  beforeAll(async () => {
    const api = await generateKeyPair('EdDSA');
    const other = await generateKeyPair('EdDSA');
    signer = createSigner('api', api.privateKey, () => now);
    stranger = createSigner('api', other.privateKey, () => now);
    verifier = createVerifier(
      'node-1',
      async (issuer) => (issuer === 'api' ? api.publicKey : undefined),
      () => now,
    );
  });

  const refused = { code: 'unauthorized' };

  it('is accepted once and names its sender', async () => {
    const token = await signer.sign(REQUEST, 'node-1');
    expect(await verifier.verify(arriving(REQUEST), token)).toBe('api');
    await expect(verifier.verify(arriving(REQUEST), token)).rejects.toMatchObject(refused);
  });

  it("has a stranger's body left unread", async () => {
    const body = vi.fn<ArrivingRequest['body']>(async () => REQUEST.body);
    const tokens = [undefined, 'no token', await stranger.sign(REQUEST, 'node-1')];
    for (const token of tokens) {
      await expect(verifier.verify({ ...REQUEST, body }, token)).rejects.toMatchObject(refused);
    }
    expect(body).not.toHaveBeenCalled();
  });

  it.each([
    ['another method', { ...REQUEST, method: 'DELETE' }],
    ['another path', { ...REQUEST, path: '/internal/v1/apply' }],
    ['another body', { ...REQUEST, body: new TextEncoder().encode('{"a":2}') }],
  ])('is refused for %s', async (_, request) => {
    await expect(
      verifier.verify(arriving(request), await signer.sign(REQUEST, 'node-1')),
    ).rejects.toMatchObject(refused);
  });

  it('is refused by another receiver', async () => {
    await expect(
      verifier.verify(arriving(REQUEST), await signer.sign(REQUEST, 'node-2')),
    ).rejects.toMatchObject(refused);
  });

  it('is refused when somebody else signed it in the same name', async () => {
    await expect(
      verifier.verify(arriving(REQUEST), await stranger.sign(REQUEST, 'node-1')),
    ).rejects.toMatchObject(refused);
  });

  it('is refused after its minute', async () => {
    const token = await signer.sign(REQUEST, 'node-1');
    now += 66_000;
    await expect(verifier.verify(arriving(REQUEST), token)).rejects.toMatchObject(refused);
  });

  it.each([undefined, '', 'x.y.z', 'eyJhbGciOiJub25lIn0.eyJpc3MiOiJhcGkifQ.'])(
    'is refused as %j',
    async (token) => {
      await expect(verifier.verify(arriving(REQUEST), token)).rejects.toMatchObject(refused);
    },
  );
});
