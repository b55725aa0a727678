import { base64url } from 'jose';
import { describe, expect, it } from 'vitest';
import { createSeal } from './node-seal.ts';

const keyOf = (byte: number) => base64url.encode(new Uint8Array(32).fill(byte));

describe('a seal', () => {
  it('gives back what it closed, and shows nothing of it meanwhile', async () => {
    const seal = createSeal(keyOf(1));
    const sealed = await seal.close('test-key-not-real');
    expect(sealed).not.toContain('test-key');
    expect(base64url.decode(sealed.split('.')[3] ?? '').toString()).not.toContain('test-key');
    expect(await seal.open(sealed)).toBe('test-key-not-real');
  });

  it('never closes the same text in the same way', async () => {
    const seal = createSeal(keyOf(1));
    expect(await seal.close('text')).not.toBe(await seal.close('text'));
  });

  it('does not open what another key closed, or what was changed', async () => {
    const sealed = await createSeal(keyOf(1)).close('text');
    await expect(createSeal(keyOf(2)).open(sealed)).rejects.toMatchObject({ code: 'unavailable' });
    const parts = sealed.split('.');
    const changed = [...parts.slice(0, 3), base64url.encode('other'), parts[4]].join('.');
    await expect(createSeal(keyOf(1)).open(changed)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(createSeal(keyOf(1)).open('')).rejects.toMatchObject({ code: 'unavailable' });
  });
});
