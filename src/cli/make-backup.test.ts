import { expect, it } from 'vitest';
import { requireSameKeys } from './make-backup.ts';

it('a backup is none when secrets were rotated meanwhile: its keys may not open what is in it', () => {
  const before = { instance: 'fake0001', 'keys/secrets': 'test-key-not-real' };
  expect(() => requireSameKeys(before, { ...before })).not.toThrow();
  expect(() => requireSameKeys(before, { ...before, 'keys/secrets': 'a-new-key-not-real' })).toThrow(
    'secrets were rotated while the backup was made',
  );
});
