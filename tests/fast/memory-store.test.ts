import { storeContract } from '../contracts/store.contract.ts';
import { memoryStore } from '../fakes/memory-store.ts';

storeContract(async () => ({
  store: memoryStore(),
  async [Symbol.asyncDispose]() {},
}));
