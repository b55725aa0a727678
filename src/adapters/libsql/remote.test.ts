import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storeContract } from '../../../tests/contracts/store.contract.ts';
import { startHranaServer } from '../../../tests/doubles/hrana-server.ts';
import { migrateRemoteStore, openRemoteStore } from './remote.ts';

storeContract('The store in a remote database', async () => {
  const directory = await mkdtempDisposable(join(tmpdir(), 'store-'));
  const server = await startHranaServer({ path: join(directory.path, 'remote.db'), token: 'secret' });
  const options = { url: server.url, token: 'secret' };
  await migrateRemoteStore(options);
  return {
    store: openRemoteStore(options),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await directory.remove();
    },
  };
});
