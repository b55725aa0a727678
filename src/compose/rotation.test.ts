import { expect, it } from 'vitest';
import { apiWorld } from '../../tests/fakes/api-world.ts';
import { secretBox } from '../adapters/crypto/secret-box.ts';
import type { KeyRing } from '../domain/rotation.ts';
import { rotationOf } from './rotation.ts';

it('rotations come one at a time, also after one that failed', async () => {
  const { store } = apiWorld().ports;
  const box = secretBox({ current: Buffer.alloc(32, 1).toString('base64'), previous: [] });
  const never = new AbortController().signal;
  const held = Promise.withResolvers<void>();
  let failure: Error | undefined = new Error('The disk is full.');
  const ring: KeyRing = {
    makesKeys: false,
    named: 0,
    currentId: () => box.currentId(),
    renew: () => held.promise,
    forgetPrevious: async () => {
      if (failure !== undefined) throw failure;
    },
  };
  const rotate = rotationOf({ store, vault: box, pause: async () => {} }, ring);
  const first = rotate(never);
  await expect(rotate(never)).rejects.toMatchObject({ code: 'conflict' });
  held.resolve();
  await expect(first).rejects.toThrow('The disk is full.');
  failure = undefined;
  expect(await rotate(never)).toMatchObject({ resealed: 0, unreadable: [] });
});
