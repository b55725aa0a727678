import { describe, expect, it } from 'vitest';
import { safeNext } from './safe-next.ts';

describe('where to go after signing in', () => {
  it.each([
    ['/', '/'],
    ['/apps/01ARZ3NDEKTSV4RRFFQ69G5FAV', '/apps/01ARZ3NDEKTSV4RRFFQ69G5FAV'],
    ['/?before=01ARZ3NDEKTSV4RRFFQ69G5FAV', '/?before=01ARZ3NDEKTSV4RRFFQ69G5FAV'],
    ['/apps/new#top', '/apps/new'],
  ])('keeps the local path %s', (given, expected) => {
    expect(safeNext(given)).toBe(expected);
  });

  it.each([
    undefined,
    null,
    '',
    'apps',
    'https://evil.example/',
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/.//evil.example',
    '/apps/..//evil.example',
    'javascript:alert(1)',
    '\\\\evil.example',
    ' //evil.example',
    '/login',
    '/login/secret',
  ])('sends %j to the front page', (given) => {
    expect(safeNext(given)).toBe('/');
  });
});
