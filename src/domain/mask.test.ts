import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MASK, maskOf } from './mask.ts';

const SECRET = 'fake-sk/+test "quoted"=ünïcode&x';
const PEM =
  '-----BEGIN FAKE KEY-----\nMIIfakefakefakefake0\n}\nMIIfakefakefakefake1\n-----END FAKE KEY-----\n';

const utf8 = new TextEncoder();
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const base64url = (text: string): string => Buffer.from(text).toString('base64url');

/** What a stream makes of a text that comes in pieces of these lengths, again and again. */
function streamed(secrets: readonly string[], text: string, lengths: readonly number[]): string {
  const stream = maskOf(secrets).stream();
  const bytes = utf8.encode(text);
  const parts: Uint8Array[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const end = at + (lengths[turn % lengths.length] ?? 1);
    parts.push(stream.push(bytes.subarray(at, end)));
    at = end;
  }
  return Buffer.concat([...parts, stream.end()]).toString();
}

describe('a mask', () => {
  it.each([
    ['as it is', SECRET],
    ['URL-encoded', encodeURIComponent(SECRET)],
    ['URL-encoded with small letters', encodeURIComponent(SECRET).replaceAll(/%../g, (x) => x.toLowerCase())],
    ['as a form writes it', new URLSearchParams({ a: SECRET }).toString().slice(2)],
    ['in JSON', JSON.stringify(SECRET).slice(1, -1)],
    ['in JSON within JSON', JSON.stringify(JSON.stringify(SECRET)).slice(3, -3)],
    ['in JSON of ASCII', JSON.stringify(SECRET).slice(1, -1).replace('ü', '\\u00fc').replace('ï', '\\u00ef')],
    ['in base64', base64(SECRET)],
    ['in base64 for URLs', base64url(SECRET)],
  ])('takes a secret out: %s', (_, form) => {
    expect(maskOf([SECRET]).text(`a ${form} b`)).toBe(`a ${MASK} b`);
  });

  it.each(['', 'x', 'xy', 'user:'])(
    'takes out what is sure of a secret in the base64 of more: after %j',
    (before) => {
      for (const encode of [base64, base64url]) {
        const masked = maskOf([SECRET]).text(encode(`${before}${SECRET}after`));
        expect(masked).toContain(MASK);
        // At each end a character holds bits of both, and there may be padding.
        expect(masked.length).toBeLessThanOrEqual(encode(`${before}after`).length + MASK.length + 4);
      }
    },
  );

  it('finds base64 that was wrapped into lines', () => {
    const long = 'fake-long-secret-'.repeat(20);
    for (const width of [64, 76]) {
      const wrapped = base64(long).match(new RegExp(`.{1,${width}}`, 'g')) ?? [];
      expect(maskOf([long]).text(wrapped.join('\n')).replaceAll(/[•\n]/gu, '').length).toBeLessThan(16);
    }
  });

  it('takes out each line of a secret with several, but for those that are nothing', () => {
    const masked = maskOf([PEM]);
    expect(masked.text('> MIIfakefakefakefake1\r\n> }')).toBe(`> ${MASK}\r\n> }`);
    expect(masked.text(`x ${base64('MIIfakefakefakefake0')}`)).toBe(`x ${MASK}`);
    expect(masked.text(`key: ${PEM}.`)).toBe(`key: ${MASK}.`);
    expect(masked.text(JSON.stringify({ PEM }))).toBe(`{"PEM":"${MASK}"}`);
  });

  it('takes out parts of a very long one, and leaves whole characters', () => {
    const long = 'geheim-ü€😀'.repeat(500);
    const mask = maskOf([long]);
    expect(mask.text(`<${long}>`)).toBe(`<${MASK}>`);
    for (let from = 0; from < 40; from += 1) {
      const rest = mask.text(
        Array.from(long)
          .slice(from, from + 200)
          .join(''),
      );
      expect(rest).toContain(MASK);
      expect(rest).not.toContain('\ufffd');
    }
  });

  it('looks for the shorter ones of very many in every encoding, and for all of them as they are', () => {
    const many = Array.from({ length: 40 }, (_, index) => `fake-${index}-`.repeat(200));
    const mask = maskOf([...many, SECRET]);
    expect(mask.text(many.join('\n'))).toBe(many.map(() => MASK).join('\n'));
    expect(mask.text(base64(SECRET))).toBe(MASK);
  });

  it('leaves no rest of one that overlaps another', () => {
    expect(maskOf(['abcdef', 'defghi']).text('abcdefghi')).toBe(MASK);
    expect(maskOf(['aaaa']).text('baaaaaab')).toBe(`b${MASK}b`);
    expect(maskOf(['abcd', 'abcdefgh']).text('abcdefgx abcdefgh')).toBe(`${MASK}efgx ${MASK}`);
  });

  it('leaves alone what is too short to be a secret', () => {
    expect(maskOf(['', 'no', '123']).text('no 123')).toBe('no 123');
  });

  it('takes secrets out of every string of a value, and leaves its keys', () => {
    const value = { [SECRET]: [SECRET, 1, null, { deep: `x${SECRET}` }], flag: true };
    expect(maskOf([SECRET]).json(value)).toEqual({
      [SECRET]: [MASK, 1, null, { deep: `x${MASK}` }],
      flag: true,
    });
  });

  it('holds nothing back that is not the beginning of a secret', () => {
    const stream = maskOf(['fake-secret']).stream();
    const push = (text: string) => Buffer.from(stream.push(utf8.encode(text))).toString();
    expect(push('tell me\n')).toBe('tell me\n');
    expect(push('a fake-se')).toBe('a ');
    expect(push('at')).toBe('fake-seat');
    expect(push('fake-')).toBe('');
    expect(Buffer.from(stream.end()).toString()).toBe('fake-');
    expect(stream.end()).toHaveLength(0);
  });
});

/** Letters of base64 and of escapes, few of them: what is made of them overlaps and nearly matches all the time. */
const letters = fc.string({
  unit: fc.constantFrom('a', 'b', '%', '2', '"', '\\', '\n', 'ü', '😀'),
  maxLength: 40,
});
const secret = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 4, maxLength: 8 }),
  fc.string({ unit: 'grapheme', minLength: 4, maxLength: 200 }),
  letters,
);
const secrets = fc.array(secret, { minLength: 1, maxLength: 4 });
/** Texts that hold secrets, whole and in part, as they are and encoded. */
const woven = secrets.chain((values) => {
  const forms = values.flatMap((one) => {
    const plain = one.toWellFormed();
    return [
      plain,
      plain.slice(1),
      plain.slice(0, -1),
      JSON.stringify(plain),
      encodeURIComponent(plain),
      base64(plain),
    ];
  });
  return fc.record({
    values: fc.constant(values),
    parts: fc.array(fc.oneof(letters, fc.constantFrom(...forms)), { maxLength: 8 }),
  });
});
const RUNS = { numRuns: 150 };

describe('whatever the secrets and the text are', () => {
  it('the pieces a text comes in change nothing', () => {
    fc.assert(
      fc.property(woven, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), (made, lengths) => {
        const text = made.parts.join('').toWellFormed();
        expect(streamed(made.values, text, lengths)).toBe(maskOf(made.values).text(text));
      }),
      RUNS,
    );
  });

  it('none of them is left, in no encoding', () => {
    fc.assert(
      fc.property(woven, ({ values, parts }) => {
        const text = maskOf(values).text(parts.join('').toWellFormed());
        const long = values
          .map((one) => one.toWellFormed())
          .filter((one) => one.length >= 4 && !one.includes('•'));
        for (const one of long) {
          for (const form of [one, JSON.stringify(one).slice(1, -1), encodeURIComponent(one), base64(one)]) {
            expect(text).not.toContain(form);
          }
        }
      }),
      RUNS,
    );
  });

  it('a text without them is untouched', () => {
    fc.assert(
      fc.property(secrets, fc.string({ unit: fc.constantFrom('x', 'y', '•', 'é', ' ') }), (values, text) => {
        const strange = values.map((one) => `q-${one}`);
        expect(maskOf(strange).text(text)).toBe(text);
        expect(streamed(strange, text, [3])).toBe(text);
      }),
      RUNS,
    );
  });
});
