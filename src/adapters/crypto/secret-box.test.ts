import { describe, expect, it } from 'vitest';
import { secretBox } from './secret-box.ts';

const KEY = Buffer.alloc(32, 3).toString('base64');
const SECRET = 'test-key-not-real ünïcode 🚀';
const CONTEXT = ['credential', 'alice', 'openai'];

const unreadable = () =>
  expect.objectContaining({ code: 'unavailable', message: expect.not.stringContaining(SECRET) });

describe('A secret box', () => {
  const box = secretBox(KEY);

  it.each(['', 'x', SECRET, 'long '.repeat(50_000)])('opens what it sealed (%#)', async (secret) => {
    expect(await box.open(await box.seal(secret, CONTEXT), CONTEXT)).toBe(secret);
  });

  it('opens it also in another process with the same key', async () => {
    expect(await secretBox(KEY).open(await box.seal(SECRET, CONTEXT), CONTEXT)).toBe(SECRET);
  });

  it('seals equal secrets differently, and shows nothing of them', async () => {
    const sealed = await Promise.all(Array.from({ length: 50 }, () => box.seal(SECRET, CONTEXT)));
    expect(new Set(sealed).size).toBe(50);
    expect(sealed[0]).toMatch(/^v1\.[0-9a-f]{16}\.[\w-]{16}\.[\w-]+$/);
    expect(sealed.join()).not.toContain(Buffer.from(SECRET).toString('base64url'));
  });

  it.each([
    ['another owner', ['credential', 'mallory', 'openai']],
    ['another provider', ['credential', 'alice', 'anthropic']],
    ['a context that only reads alike', ['credential', 'alice', 'open', 'ai']],
    ['no context', []],
  ])('opens nothing for %s', async (_, context) => {
    await expect(box.open(await box.seal(SECRET, CONTEXT), context)).rejects.toEqual(unreadable());
  });

  it.each([0, 1, 2, 3])('opens nothing that was changed (part %i)', async (part) => {
    const parts = (await box.seal(SECRET, CONTEXT)).split('.');
    const text = parts[part] ?? '';
    parts[part] = (text.startsWith('0') ? '1' : '0') + text.slice(1);
    await expect(box.open(parts.join('.'), CONTEXT)).rejects.toEqual(unreadable());
  });

  it.each(['', 'v1', 'v1...', 'plain text'])('opens nothing that it never made: "%s"', async (text) => {
    await expect(box.open(text, CONTEXT)).rejects.toEqual(unreadable());
  });

  it('says that it was another key, and what to do', async () => {
    const other = secretBox(Buffer.alloc(32, 4).toString('base64'));
    await expect(other.open(await box.seal(SECRET, CONTEXT), CONTEXT)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/another key.*SANDBOXD_SECRETS_KEY/),
    });
  });

  it.each([Buffer.alloc(31), Buffer.alloc(33), Buffer.alloc(0)])('takes no key of another length', (key) => {
    expect(() => secretBox(key.toString('base64'))).toThrow(TypeError);
  });
});
