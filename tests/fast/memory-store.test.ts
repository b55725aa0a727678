import { storeContract } from '../contracts/store.contract.ts';
import { memoryStore } from '../fakes/memory-store.ts';

storeContract('The in-memory store', async () => ({
  store: memoryStore(),
  async [Symbol.asyncDispose]() {},
}));
