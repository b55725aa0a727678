import { Buffer } from 'node:buffer';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { importPreviewKey, previewLink, signPreviewToken, verifyPreviewToken } from './preview-token.ts';

const TARGET = { sandboxId: '01JAXAMP1E0000000000000000', port: 3000 };
const NOW = 1_700_000_000_000;
let key: CryptoKey;

beforeAll(async () => {
  key = await importPreviewKey(Buffer.alloc(32, 7).toString('base64'));
});

describe('preview tokens', () => {
  it('open what they were signed for until they expire', async () => {
    const token = await signPreviewToken(key, TARGET, NOW + 60_000);
    expect(await verifyPreviewToken(key, TARGET, token, NOW)).toBe(NOW + 60_000);
    expect(await verifyPreviewToken(key, TARGET, token, NOW + 59_999)).toBe(NOW + 60_000);
    expect(await verifyPreviewToken(key, TARGET, token, NOW + 60_000)).toBeUndefined();
  });

  it.each([
    { ...TARGET, port: 3001 },
    { ...TARGET, sandboxId: '01JAXAMP1E0000000000000001' },
  ])('open no other sandbox and no other port: %o', async (other) => {
    const token = await signPreviewToken(key, TARGET, NOW + 60_000);
    expect(await verifyPreviewToken(key, other, token, NOW)).toBeUndefined();
  });

  it('are worthless under another key', async () => {
    const other = await importPreviewKey(Buffer.alloc(32, 8).toString('base64'));
    const token = await signPreviewToken(other, TARGET, NOW + 60_000);
    expect(await verifyPreviewToken(key, TARGET, token, NOW)).toBeUndefined();
  });

  it('cannot be given a longer life', async () => {
    const token = await signPreviewToken(key, TARGET, NOW + 60_000);
    const later = Math.floor((NOW + 600_000) / 1000).toString(36);
    expect(
      await verifyPreviewToken(key, TARGET, `${later}.${token.split('.')[1]}`, NOW + 120_000),
    ).toBeUndefined();
  });

  it('never throw, whatever is presented', async () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[1-9a-z][0-9a-z]{0,9}\.[\w-]{43}$/));
    await fc.assert(
      fc.asyncProperty(text, async (token) => {
        expect(await verifyPreviewToken(key, TARGET, token, NOW)).toBeUndefined();
      }),
    );
  });

  it('travel in a link to the preview', async () => {
    const link = await previewLink(
      key,
      { domain: 'localhost', publicPort: 8080, tls: false },
      TARGET,
      NOW + 1000,
    );
    expect(link).toMatch(
      /^http:\/\/s-01jaxamp1e0000000000000000-3000\.preview\.localhost:8080\/\?sandboxd_token=/,
    );
  });

  it('refuse a key that could be guessed', async () => {
    await expect(importPreviewKey(Buffer.alloc(16).toString('base64'))).rejects.toThrow(/32 bytes/);
  });
});
