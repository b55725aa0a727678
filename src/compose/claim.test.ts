import { expect, it } from 'vitest';
import { AlreadyRunningError, claimDataDirectory, claimInstance, isClaimed } from './claim.ts';

const directory = (name: string): string => `/srv/sandboxd-claim-test-${process.pid}-${name}`;

it('is held by one at a time, and free again afterwards', async () => {
  const path = directory('one');
  {
    await using _ = await claimDataDirectory(path);
    await expect(claimDataDirectory(path)).rejects.toThrow(AlreadyRunningError);
  }
  await using _ = await claimDataDirectory(path);
});

it('is told from outside', async () => {
  const path = directory('two');
  expect(await isClaimed(path)).toBe(false);
  {
    await using _ = await claimDataDirectory(path);
    expect(await isClaimed(path)).toBe(true);
    expect(await isClaimed(directory('other'))).toBe(false);
  }
  expect(await isClaimed(path)).toBe(false);
});

it('of an identity is held by one at a time, whatever its data directory, and says what to do', async () => {
  const id = `fake-${process.pid}`;
  {
    await using _ = await claimInstance(id);
    const second = claimInstance(id);
    await expect(second).rejects.toThrow(AlreadyRunningError);
    await expect(second).rejects.toThrow(/same identity .*Stop that one, or .*--as-copy/);
    await using _other = await claimInstance(`${id}-copy`);
  }
  await using _ = await claimInstance(id);
});
