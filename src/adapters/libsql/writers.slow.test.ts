import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { aConfigItem, anApp, aWebhook, newId, OWNER } from '../../../tests/fakes/rows.ts';
import type { App } from '../../domain/app.ts';
import type { ConfigItem } from '../../domain/config-item.ts';
import { systemClock } from '../../domain/ids.ts';
import { recorded } from '../../domain/record.ts';
import type { Change, Store } from '../../domain/store.ts';
import { openFileStore } from './file.ts';

const WRITERS = 1000;
/** Each writes twice. */
const WRITES = 2 * WRITERS;
/**
 * Milliseconds. Held for longer than one attempt waits, and free for longer than the pause until the next one: with the
 * same rhythm as who writes, nobody would get anywhere.
 */
const HOLD = { forMs: 50, everyMs: 150 };
/** The machine may be running much else. */
const LIMIT_MS = 300_000;
const HOLDER = join(import.meta.dirname, '../../../tests/doubles/lock-holder.ts');

/** Another process that holds the write lock now and then, until the end of the test. */
async function startHolder(path: string) {
  const child = spawn(process.execPath, [HOLDER, path, String(HOLD.forMs), String(HOLD.everyMs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let locks = 0;
  createInterface(child.stdout).on('line', () => (locks += 1));
  await once(child.stdout, 'data');
  return {
    locks: () => locks,
    async [Symbol.asyncDispose]() {
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
    },
  };
}

describe('A thousand who write at the same time, while another process locks the database now and then', () => {
  it(
    'lose nothing, and whoever reads meanwhile never finds anything older than what was there before',
    async () => {
      await using directory = await mkdtempDisposable(join(tmpdir(), 'store-'));
      const path = join(directory.path, 'sandboxd.db');
      // Longer than a server waits: the last one in the queue waits for all of the others.
      await using store = await openFileStore(path, { lockWaitMs: LIMIT_MS });
      const apps = Array.from({ length: 20 }, () => anApp());
      const webhook = aWebhook();
      await store.commit(
        { kind: 'webhook.insert', webhook },
        ...apps.map((app): Change => ({ kind: 'app.insert', app })),
      );
      await using holder = await startHolder(path);

      const committed: string[] = [];
      const writing = Promise.all(
        Array.from({ length: WRITERS }, (_, index) => {
          const app = apps[index % apps.length];
          expect.assert(app !== undefined);
          return writeTwice(store, app, `KEY_${index}`, committed);
        }),
      );
      const polls = await followUntil(store, writing);

      expect(polls).toBeGreaterThan(5);
      expect(holder.locks()).toBeGreaterThan(3);
      expect(committed).toHaveLength(WRITES);
      expect(committed).toEqual(committed.toSorted());
      const timeline = await store.events.list(OWNER, { limit: WRITES + 1 });
      expect(timeline.map(({ id }) => id)).toEqual(committed.toReversed());
      const sent = await store.webhooks.deliveries(OWNER, { webhookId: webhook.id, limit: WRITES + 1 });
      expect(sent.map(({ eventId }) => eventId)).toEqual(committed.toReversed());
      for (const app of apps) {
        const items = await store.config.list(OWNER, app.id);
        expect(items.map(({ sealed }) => sealed)).toEqual(Array(WRITERS / apps.length).fill('sealed-2'));
        expect(await store.config.revision(app.id)).toBe(WRITES / apps.length);
      }
    },
    LIMIT_MS,
  );
});

/** As the domain does it: whatever is asked first, an event is made in the very tick its commit is. */
async function writeTwice(store: Store, app: App, key: string, committed: string[]): Promise<void> {
  const item = aConfigItem({ appId: app.id, key });
  const write = async (type: 'config.created' | 'config.updated', change: Change): Promise<void> => {
    await store.apps.find(OWNER, app.id);
    const event = recorded({ newId, clock: systemClock }, type, {
      owner: OWNER,
      appId: app.id,
      message: key,
    });
    await store.commit(change, event);
    if (event.kind === 'event') committed.push(event.event.id);
  };
  await write('config.created', { kind: 'config.insert', item });
  const changed: ConfigItem = { ...item, sealed: 'sealed-2' };
  await write('config.updated', { kind: 'config.update', item: changed, was: item });
}

/** Reads the timeline again and again, until the work has ended. @returns how often */
async function followUntil(store: Store, work: Promise<unknown>): Promise<number> {
  const progress = { hasEnded: false };
  const ending = work.finally(() => (progress.hasEnded = true));
  const seen = new Set<string>();
  let newest = '';
  let polls = 0;
  while (!progress.hasEnded) {
    const ids = (await store.events.list(OWNER, { limit: WRITES })).map(({ id }) => id);
    for (const id of ids.filter((one) => !seen.has(one))) {
      expect(id > newest, `${id} appeared after ${newest}`).toBe(true);
      seen.add(id);
    }
    newest = ids[0] ?? '';
    polls += 1;
    // Those who write are to have the machine too.
    await pause(20);
  }
  await ending;
  return polls;
}
