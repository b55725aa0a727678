import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openFileStore } from '../../src/adapters/libsql/file.ts';
import { createApp } from '../../src/app.ts';
import { hashSecret } from '../../src/domain/auth.ts';
import { ulidSource } from '../../src/domain/ids.ts';
import { pause } from '../../src/domain/pause.ts';
import type { Ports } from '../../src/domain/ports.ts';
import { lifecycleOf } from '../../src/domain/settings.ts';
import { updateSettings } from '../../src/domain/settings-commands.ts';
import { upkeep } from '../../src/domain/upkeep.ts';
import { proxiedPeer } from '../../src/routes/peer.ts';
import { apiWorld } from '../fakes/api-world.ts';
import { anAuditEntry, anEvent } from '../fakes/rows.ts';

/** What the control plane remembers, in a database as it is in earnest. */

const TOKEN = 'fake-token-of-acme';
const DAY = 24 * 3600 * 1000;

let cleanup: AsyncDisposableStack;
let path: string;
beforeEach(async () => {
  cleanup = new AsyncDisposableStack();
  const directory = cleanup.use(await mkdtempDisposable(join(tmpdir(), 'control-')));
  path = join(directory.path, 'sandboxd.db');
});
afterEach(() => cleanup.disposeAsync());

async function portsOf(instance: Partial<Ports['instance']> = {}): Promise<Ports> {
  const store = cleanup.use(await openFileStore(path));
  return { ...apiWorld(instance).ports, store, pause };
}

describe('a create with a key', () => {
  it('is carried out once, however many come at once over two connections', async () => {
    const configuredTokens = new Map([[await hashSecret(TOKEN), 'acme']]);
    const one = await portsOf({ configuredTokens });
    const two = await portsOf({ configuredTokens });
    const headers = { authorization: `Bearer ${TOKEN}`, 'idempotency-key': 'one' };
    const body = JSON.stringify({ name: 'Shop' });
    const create = async (ports: Ports) => {
      const app = createApp(() => ports, proxiedPeer);
      const answer = await app.request('/v1/apps', { method: 'POST', headers, body });
      return `${answer.status} ${await answer.text()}`;
    };
    const answers = await Promise.all(Array.from({ length: 10 }, () => [create(one), create(two)]).flat());
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toMatch(/^201 /);
    expect(await one.store.apps.list('acme', { limit: 10 })).toHaveLength(1);
  });
});

describe('settings', () => {
  it('are there after a restart, and each change leaves what others have set', async () => {
    const ports = await portsOf();
    await Promise.all([
      updateSettings(ports, 'default', { lifecycle: { idle_reap_enabled: false } }),
      updateSettings(ports, 'default', { lifecycle: { keepalive_max_seconds: 60 } }),
    ]);
    expect(await lifecycleOf(await portsOf())).toEqual({
      idleReapEnabled: false,
      idleThresholdSeconds: 2100,
      keepaliveMaxSeconds: 60,
    });
  });
});

describe('upkeep', () => {
  it('drops history of every owner in steps, and keeps what is younger', async () => {
    const ports = await portsOf({ eventRetentionDays: 30 });
    const now = ports.clock();
    const record = async (owner: string, count: number, daysAgo: number) => {
      const newId = ulidSource(() => now - daysAgo * DAY);
      const events = Array.from({ length: count }, () => anEvent({ id: newId(), owner }));
      await ports.store.commit(...events.map((event) => ({ kind: 'event', event }) as const));
    };
    await record('acme', 1500, 31);
    await record('rival', 3, 31);
    await record('rival', 2, 29);
    await upkeep(ports, new AbortController().signal);
    expect(await ports.store.events.hasBefore(now - 30 * DAY)).toBe(false);
    expect(await ports.store.events.list('acme', { limit: 10 })).toEqual([]);
    expect(await ports.store.events.list('rival', { limit: 10 })).toHaveLength(2);
  });

  it('sees that audit entries are left where there are no events', async () => {
    const ports = await portsOf({ eventRetentionDays: 30 });
    const at = ports.clock() - 31 * DAY;
    const entry = anAuditEntry({ id: ulidSource(() => at)(), owner: 'acme', at });
    await ports.store.commit({ kind: 'audit', entry });
    await upkeep(ports, new AbortController().signal);
    expect(await ports.store.audit.list({ limit: 10 })).toEqual([]);
  });
});
