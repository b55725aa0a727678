import { expect, it } from 'vitest';
import { AlreadyRunningError, claimDataDirectory, isClaimed } from './claim.ts';

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
