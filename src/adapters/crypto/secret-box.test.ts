import { describe, expect, it } from 'vitest';
import { secretBox } from './secret-box.ts';

const keyOf = (byte: number) => Buffer.alloc(32, byte).toString('base64');
const KEY = keyOf(3);
const boxOf = (current: string, ...previous: string[]) => secretBox({ current, previous });
const SECRET = 'test-key-not-real ünïcode 🚀';
const CONTEXT = ['credential', 'alice', 'openai'];

const unreadable = () =>
  expect.objectContaining({ code: 'unavailable', message: expect.not.stringContaining(SECRET) });

describe('A secret box', () => {
  const box = boxOf(KEY);

  it.each(['', 'x', SECRET, '\uFEFFa byte order mark', 'long '.repeat(50_000)])(
    'opens what it sealed (%#)',
    async (secret) => {
      expect(await box.open(await box.seal(secret, CONTEXT), CONTEXT)).toBe(secret);
    },
  );

  it('opens it also in another process with the same key', async () => {
    expect(await boxOf(KEY).open(await box.seal(SECRET, CONTEXT), CONTEXT)).toBe(SECRET);
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
    const other = boxOf(keyOf(4), keyOf(5));
    await expect(other.open(await box.seal(SECRET, CONTEXT), CONTEXT)).rejects.toMatchObject({
      code: 'unavailable',
      reason: 'other_key',
      message: expect.stringMatching(/another key.*SANDBOXD_SECRETS_KEY/),
    });
  });

  it('opens what was sealed with an earlier key, and seals with the current one alone', async () => {
    const earlier = await box.seal(SECRET, CONTEXT);
    const later = boxOf(keyOf(4), keyOf(5), KEY);
    expect(await later.open(earlier, CONTEXT)).toBe(SECRET);
    expect(await later.isCurrent(earlier)).toBe(false);
    const sealed = await later.seal(SECRET, CONTEXT);
    expect(await later.isCurrent(sealed)).toBe(true);
    expect(sealed.split('.')[1]).toBe(await later.currentId());
    await expect(box.open(sealed, CONTEXT)).rejects.toMatchObject({ reason: 'other_key' });
  });

  it('is current for nothing that is not sealed', async () => {
    expect(await box.isCurrent('plain text')).toBe(false);
  });

  it('exchanges its keys while it is in use', async () => {
    const changing = boxOf(KEY);
    const [earlier, inTheMidst] = [await changing.seal(SECRET, CONTEXT), changing.seal(SECRET, CONTEXT)];
    changing.use({ current: keyOf(4), previous: [KEY] });
    expect(await changing.open(earlier, CONTEXT)).toBe(SECRET);
    expect(await changing.open(await inTheMidst, CONTEXT)).toBe(SECRET);
    const sealed = await changing.seal(SECRET, CONTEXT);
    changing.use({ current: keyOf(4), previous: [] });
    expect(await changing.open(sealed, CONTEXT)).toBe(SECRET);
    await expect(changing.open(earlier, CONTEXT)).rejects.toMatchObject({ reason: 'other_key' });
  });

  it('opens nothing of which any bit was changed', async () => {
    const sealed = await box.seal('test', CONTEXT);
    for (let at = 0; at < sealed.length; at += 1) {
      for (const bit of [1, 2, 4, 8, 16, 32, 64]) {
        const changed = String.fromCharCode(sealed.charCodeAt(at) ^ bit);
        const text = sealed.slice(0, at) + changed + sealed.slice(at + 1);
        await expect(box.open(text, CONTEXT)).rejects.toEqual(unreadable());
      }
    }
  });

  it('opens nothing that was cut short or made longer', async () => {
    const sealed = await box.seal(SECRET, CONTEXT);
    for (let length = 0; length < sealed.length; length += 1)
      await expect(box.open(sealed.slice(0, length), CONTEXT)).rejects.toEqual(unreadable());
    for (const more of ['A', '=', '==', '\n', '.'])
      await expect(box.open(sealed + more, CONTEXT)).rejects.toEqual(unreadable());
  });

  it.each([
    Buffer.alloc(31).toString('base64'),
    Buffer.alloc(33).toString('base64'),
    Buffer.alloc(32).toString('base64url'),
    `${KEY}\n`,
    '',
  ])('takes no key of another form (%#)', (key) => {
    expect(() => boxOf(key)).toThrow(TypeError);
    expect(() => boxOf(KEY, key)).toThrow(TypeError);
  });
});
