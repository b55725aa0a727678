import { describe, expect, it } from 'vitest';
import { pathText } from './manifest-problem.ts';

describe('the path of a problem', () => {
  it.each([
    ['of plain keys and places in lists', ['workers', 0, 'name'], 'workers[0].name'],
    ['with a key that would read like a path', ['a.b', 'c'], '"a.b".c'],
    ['with an empty key', [''], '""'],
    ['with a key that is no text', [true], 'true'],
    ['with a line break', ['a\nb'], String.raw`"a\nb"`],
    ['with controls that JSON leaves', ['\u007F\u0085version'], String.raw`"\u007f\u0085version"`],
    ['with characters that turn the order around', ['\u202Ebew'], String.raw`"\u202ebew"`],
    ['with separators of lines', ['a\u2028b'], String.raw`"a\u2028b"`],
    ['with unseen characters of two units', ['\u{E0041}'], String.raw`"\udb40\udc41"`],
    ['with half a character', ['\uD800'], String.raw`"\ud800"`],
    ['with letters of any language', ['größe 尺寸'], '"größe 尺寸"'],
  ])('is legible %s', (_, keys, text) => {
    expect(pathText(keys)).toBe(text);
  });
});
