import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storeContract } from '../../../tests/contracts/store.contract.ts';
import { openFileStore } from './file.ts';

storeContract('The store in a file', async () => {
  const directory = await mkdtempDisposable(join(tmpdir(), 'store-'));
  const store = await openFileStore(join(directory.path, 'sandboxd.db'));
  return {
    store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await directory.remove();
    },
  };
});
