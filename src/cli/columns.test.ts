import { expect, it } from 'vitest';
import { columns } from './columns.ts';

it('puts cells below each other', () => {
  const rows = [
    ['a', 'longer', 'x'],
    ['bcd', 'e', ''],
  ];
  expect(columns(rows)).toBe('a    longer  x\nbcd  e');
});

it('shows what would move the cursor, or turn the line around, as what it is not', () => {
  expect(columns([['a\u001b[2Jb', 'c\nd', 'e\u202ef']])).toBe('a�[2Jb  c�d  e�f');
});
