import { expect, test } from 'vitest';
import { BoundedMap } from './bounded-map.ts';
import { LastMessage } from './last-message.ts';

test('a map that is full forgets what it has known longest', () => {
  const map = new BoundedMap<number>(2);
  for (const [index, key] of ['a', 'b', 'a', 'c'].entries()) map.set(key, index);
  expect(['a', 'b', 'c'].map((key) => map.get(key))).toEqual([undefined, 1, 3]);
});

test('the last message is put together from its pieces, and no longer than it may be', () => {
  const last = new LastMessage();
  expect(last.text).toBeUndefined();
  last.add('a', 'earlier');
  last.add('b', 'Do');
  last.add('b', 'ne');
  expect(last.text).toBe('Done');
  for (let piece = 0; piece < 1000; piece += 1) last.add('b', 'x'.repeat(1000));
  expect(last.text).toHaveLength(200_000);
});
