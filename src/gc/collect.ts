import { asSandboxdError } from '../domain/errors.ts';
import type {
  Garbage,
  GarbageItem,
  GarbageOptions,
  GarbageReport,
  GarbageSource,
} from '../domain/garbage.ts';
import type { Logger } from '../domain/log.ts';

/** Looks for garbage of every kind and removes it, unless it is a trial. What fails is told, and the rest goes on. */
export async function collectGarbage(
  sources: readonly GarbageSource[],
  options: GarbageOptions,
  log: Logger,
): Promise<GarbageReport> {
  const items: GarbageItem[] = [];
  const failures: GarbageReport['failures'][number][] = [];
  for (const source of sources) {
    try {
      const found = await source.find(options);
      for (const garbage of found) items.push(await dispose(garbage, options, log));
    } catch (error) {
      log.error('garbage could not be looked for', error, { kind: source.kind });
      failures.push({ kind: source.kind, errorMessage: asSandboxdError(error).message });
    }
  }
  return { items, failures };
}

async function dispose(
  { remove, ...garbage }: Garbage,
  { dryRun }: GarbageOptions,
  log: Logger,
): Promise<GarbageItem> {
  if (dryRun || remove === undefined) return { ...garbage, outcome: 'shown' };
  try {
    await remove();
    log.info('garbage was removed', { kind: garbage.kind, name: garbage.name });
    return { ...garbage, outcome: 'removed' };
  } catch (error) {
    log.error('garbage could not be removed', error, { kind: garbage.kind, name: garbage.name });
    return { ...garbage, outcome: 'failed', errorMessage: asSandboxdError(error).message };
  }
}
