import { openFileStore } from '../adapters/libsql/file.ts';
import { migrateRemoteStore, openRemoteStore } from '../adapters/libsql/remote.ts';
import type { Config } from '../config.ts';
import type { Store } from '../domain/store.ts';

/** Whether a database is a file of this machine. */
export const isFileStore = (url: string): boolean => url.startsWith('file:');

/** Opens and migrates the database of the configuration: a file, or a remote one. */
export async function openStore(database: Config['database']): Promise<Store & AsyncDisposable> {
  if (isFileStore(database.url)) return openFileStore(database.url);
  await migrateRemoteStore(database);
  return { ...openRemoteStore(database), [Symbol.asyncDispose]: async () => undefined };
}
