import { describe, expect, it } from 'vitest';
import { MASK } from './mask.ts';
import { redactingVault } from './redacting-vault.ts';
import { createRedactor } from './redactor.ts';
import type { Vault } from './vault.ts';

const LONG = 'Zm9vYmFyLWZha2UtMDEyMzQ1Njc4OQ';

describe('a redactor', () => {
  it.each([
    [`token sbx_${LONG}.`, `token sbx_${MASK}.`],
    [`signed by whsec_${LONG}==`, `signed by whsec_${MASK}`],
    [`GET /login/${LONG} 500`, `GET /login/${MASK} 500`],
    [`{"authorization":"Bearer ${LONG}"}`, `{"authorization":"Bearer ${MASK}"}`],
    [`Authorization: bearer fake-token-of-acme`, `Authorization: bearer ${MASK}`],
    [`Authorization: Basic ${btoa('user:fake-password')}`, `Authorization: Basic ${MASK}`],
    [`cookie: a=1; sandboxd_session=${LONG}; b=2`, `cookie: a=1; sandboxd_session=${MASK}; b=2`],
    [`cookie: __Host-sandboxd=${LONG}`, `cookie: __Host-sandboxd=${MASK}`],
    [`at libsql://user:fake-pass@db.example/x`, `at libsql://${MASK}@db.example/x`],
    [`https://fake-token@git.example`, `https://${MASK}@git.example`],
    [`https://db.example/?authToken=fake&x=1`, `https://db.example/?authToken=${MASK}&x=1`],
    [`/?sandboxd_token=fake-token`, `/?sandboxd_token=${MASK}`],
    [`eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJmYWtlIn0.c2lnbmF0dXJl`, `eyJ${MASK}`],
  ])('knows what looks like a secret: %s', (text, expected) => {
    expect(createRedactor().text(text)).toBe(expected);
  });

  it.each([
    'This token is not valid. Send "Authorization: Bearer <token>".',
    'Basic authentication is not offered, a bearer token is.',
    'Make a new one with "sandboxd login".',
    'GET /login 200',
    'http://localhost:8080/apps/01JTEST?x=1',
    'mail@example.com: 100%',
  ])('leaves alone what only speaks of one: %s', (text) => {
    expect(createRedactor().text(text)).toBe(text);
  });

  it('takes out what it has learned, in every form, and not what is too short', () => {
    const redactor = createRedactor();
    redactor.learn('fake "value"');
    redactor.learn('no');
    const text = `fake "value" ${JSON.stringify('fake "value"')} ${btoa('fake "value"')} no`;
    expect(redactor.text(text)).toBe(`${MASK} "${MASK}" ${MASK} no`);
  });

  it('keeps the newest of many, and for good what it is configured with', () => {
    const redactor = createRedactor();
    redactor.keep(['fake-configured-1']);
    redactor.keep(['fake-configured-2']);
    const many = Array.from({ length: 600 }, (_, index) => `fake-learned-${index}-value`);
    for (const secret of many) redactor.learn(secret);
    expect(redactor.text(many.slice(-300).join(' '))).toBe(Array(300).fill(MASK).join(' '));
    expect(redactor.text('fake-configured-1 fake-configured-2')).toBe(`${MASK} ${MASK}`);
    expect(redactor.text(many[0] ?? '')).toBe(many[0]);
    redactor.learn(many[0] ?? '');
    expect(redactor.text(many[0] ?? '')).toBe(MASK);
  });
});

describe('a vault that teaches a redactor', () => {
  const plain: Vault = {
    seal: async (secret) => `sealed ${secret}`,
    open: async (sealed) => sealed.replace('sealed ', ''),
    isCurrent: async () => true,
  };

  it.each([
    ['a sensitive value', ['config', 'app', 'KEY', 'sensitive'], true],
    ['a key of a provider', ['credential', 'acme', 'openai'], true],
    ["a webhook's secret", ['webhook', 'acme', 'id'], true],
    ['what nobody thought of yet', ['other'], true],
    ['a value that may be seen', ['config', 'app', 'KEY', 'plain'], false],
    ['a whole answer', ['idempotency', 'acme', 'key', 'answer'], false],
  ])('%s', async (_, context, isLearned) => {
    for (const meet of ['seal', 'open'] as const) {
      const redactor = createRedactor();
      await redactingVault(plain, redactor)[meet]('fake-value', context);
      expect(redactor.text('fake-value')).toBe(isLearned ? MASK : 'fake-value');
    }
  });
});
