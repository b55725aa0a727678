import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { newSigningSecret, signedHeaders } from './webhook-signature.ts';
import { rotateSecrets, SECRET_OVERLAP_MS, secretsAt } from './webhook-secrets.ts';

const NOW = Date.UTC(2030, 0, 1);

describe('what proves who sent a message', () => {
  it("is what the standard's own example has", async () => {
    const message = {
      id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      timestamp: 1_614_265_330,
      body: '{"test": 2432232314}',
    };
    expect(await signedHeaders(['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'], message)).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('covers the bytes of the body, whatever is written in it', async () => {
    const secret = newSigningSecret();
    const message = { id: 'a', timestamp: 1, body: '{"naïve":"☃ 𝄞"}' };
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    const mac = createHmac('sha256', key).update(`a.1.${message.body}`, 'utf8').digest('base64');
    expect((await signedHeaders([secret], message))['webhook-signature']).toBe(`v1,${mac}`);
  });

  it('is one signature for each secret, with spaces between', async () => {
    const secrets = [newSigningSecret(), newSigningSecret()];
    const message = { id: 'a', timestamp: 1, body: '{}' };
    const both = (await signedHeaders(secrets, message))['webhook-signature'];
    const each = await Promise.all(secrets.map((secret) => signedHeaders([secret], message)));
    expect(both).toBe(each.map((headers) => headers['webhook-signature']).join(' '));
  });
});

describe('a signing secret', () => {
  it('is 32 random bytes, and another one each time', () => {
    const [one, other] = [newSigningSecret(), newSigningSecret()];
    expect(one).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(one).not.toBe(other);
  });

  it('signs for a day beside the one that takes its place, and no longer', () => {
    const first = newSigningSecret();
    expect(secretsAt(first, NOW)).toEqual([first]);
    const { secret, text } = rotateSecrets(first, NOW);
    expect(secretsAt(text, NOW + SECRET_OVERLAP_MS - 1)).toEqual([secret, first]);
    expect(secretsAt(text, NOW + SECRET_OVERLAP_MS)).toEqual([secret]);
  });

  it('that was replaced twice does not sign any more', () => {
    const once = rotateSecrets(newSigningSecret(), NOW);
    const twice = rotateSecrets(once.text, NOW + 1);
    expect(secretsAt(twice.text, NOW + 2)).toEqual([twice.secret, once.secret]);
  });
});
