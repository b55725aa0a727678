import { expect, it } from 'vitest';
import { apiWorld } from '../../tests/fakes/api-world.ts';
import { ConfiguredKeyRing } from '../adapters/crypto/key-ring.ts';
import { rotationOf } from './rotation.ts';

it('rotations come one at a time, also after one that failed', async () => {
  const { store } = apiWorld().ports;
  const keys = new ConfiguredKeyRing({ current: Buffer.alloc(32, 1).toString('base64'), previous: [] });
  const never = new AbortController().signal;
  const held = Promise.withResolvers<void>();
  const ring = Object.assign(Object.create(keys) as typeof keys, {
    currentId: () => keys.currentId(),
    forgetPrevious: () => held.promise,
  });
  const rotate = rotationOf({ store, vault: keys.box, pause: async () => {} }, ring);
  const first = rotate(never);
  await expect(rotate(never)).rejects.toMatchObject({ code: 'conflict' });
  held.reject(new Error('The disk is full.'));
  await expect(first).rejects.toThrow('The disk is full.');
  await expect(rotate(never)).rejects.toThrow('The disk is full.');
});
