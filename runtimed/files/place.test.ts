import { mkdir, readdir, rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { prepareMachine } from '../testing/sandbox.ts';
import { Places } from './place.ts';

/** A tenant that swaps a directory for a symlink between the look at a path and the step onto it. */
async function swapped() {
  const machine = await prepareMachine({
    app: { 'door/inner/file': '' },
    image: { 'outside/inner/secret': 'secret' },
  });
  const places = new Places(machine.home);
  const looked = await places.locate({ path: 'door/inner', root: 'app' }, true);
  await rename(join(machine.app, 'door'), join(machine.app, 'away'));
  await symlink(join(machine.root, 'outside'), join(machine.app, 'door'));
  return {
    places,
    looked,
    outside: join(machine.root, 'outside'),
    [Symbol.asyncDispose]: machine[Symbol.asyncDispose],
  };
}

describe('a directory that was swapped after it was looked at', () => {
  it('is not held', async () => {
    await using it = await swapped();
    await expect(it.places.hold(it.looked)).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(it.places.hold(it.looked.slice(0, -1))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  it('is not made use of to make another, and what was made elsewhere is removed', async () => {
    await using it = await swapped();
    const made = it.places.holdOrMake([...it.looked, 'new', 'newer']);
    await expect(made).rejects.toMatchObject({ code: 'invalid_request' });
    expect(await readdir(join(it.outside, 'inner'))).toEqual(['secret']);
  });
});

it('a directory that is held stays the same one, whatever becomes of its name', async () => {
  await using machine = await prepareMachine({ app: { 'door/file': '' } });
  const places = new Places(machine.home);
  await using held = await places.hold(['workspace', 'app', 'door']);
  await rename(join(machine.app, 'door'), join(machine.app, 'away'));
  await mkdir(join(machine.app, 'door'));
  expect(await readdir(held.path)).toEqual(['file']);
});
