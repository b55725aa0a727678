import { beforeEach, describe, expect, it } from 'vitest';
import { type SecretBox, secretBox, type SecretKeys } from '../adapters/crypto/secret-box.ts';
import { type ConfigWorld, configWorld, SECRET_VALUE } from '../../tests/fakes/config-world.ts';
import { OWNER } from '../../tests/fakes/rows.ts';
import { setProviderKey } from './agent-commands.ts';
import { credentialContext } from './credential.ts';
import { SandboxdError } from './errors.ts';
import { type KeyRing, rotateSecrets } from './rotation.ts';
import type { Change } from './store.ts';

const keyOf = (byte: number) => Buffer.alloc(32, byte).toString('base64');
/** The one that {@link configWorld} begins with. */
const FIRST = keyOf(2);
const never = new AbortController().signal;

class Killed extends Error {}

/** Keys as a file would keep them, which is all that is left of them after a kill. */
class RingOnDisk implements KeyRing {
  readonly makesKeys = true;
  readonly named = 0;
  onDisk: SecretKeys = { current: FIRST, previous: [] };
  box: SecretBox = secretBox(this.onDisk);
  #made = 100;

  currentId = () => this.box.currentId();

  async renew(): Promise<void> {
    const { current, previous } = this.onDisk;
    this.#made += 1;
    this.onDisk = { current: keyOf(this.#made), previous: [current, ...previous] };
    this.box.use(this.onDisk);
  }

  async forgetPrevious(): Promise<void> {
    this.onDisk = { current: this.onDisk.current, previous: [] };
    this.box.use(this.onDisk);
  }

  /** What a process does that starts. */
  restart(): void {
    this.box = secretBox(this.onDisk);
  }
}

let world: ConfigWorld;
let ring: RingOnDisk;
beforeEach(async () => {
  world = await configWorld();
  ring = new RingOnDisk();
  Object.assign(world.ports, { vault: ring.box });
});

const path = () => `/v1/apps/${world.appId}/config`;

/** Ends at once, whatever is waited for. */
const noPause = async () => {};

const rotate = (parts: Partial<Parameters<typeof rotateSecrets>[0]> = {}) =>
  rotateSecrets({ store: world.ports.store, vault: ring.box, pause: noPause, ...parts }, ring, never);

async function restart(): Promise<void> {
  ring.restart();
  Object.assign(world.ports, { vault: ring.box });
}

const others = async () => world.ports.store.sealed.others(await ring.currentId(), 1000);

/** Everything there is, as its owner gets it. */
async function readAll(): Promise<unknown> {
  const { store, vault } = world.ports;
  const credential = await store.credentials.find(OWNER, 'anthropic');
  return [
    (await world.request('GET', path())).body,
    credential && (await vault.open(credential.sealed, credentialContext(OWNER, 'anthropic'))),
  ];
}

async function fill(items = 3): Promise<void> {
  for (let item = 0; item < items; item += 1) await world.put(`K${item}`, { sensitive: false });
  await setProviderKey(world.ports, OWNER, 'anthropic', { api_key: 'test-key-not-real' });
}

describe('A rotation', () => {
  it('seals everything with a new key, after which the old one opens nothing', async () => {
    await fill();
    const [before, stolen] = [await readAll(), secretBox(ring.onDisk)];
    const rows = await world.ports.store.sealed.others('none', 1000);
    expect(await rotate()).toEqual({ renewed: true, resealed: 4, unreadable: [], redundantKeys: 0 });
    expect(ring.onDisk.previous).toEqual([]);
    expect(await others()).toEqual([]);
    await restart();
    expect(await readAll()).toEqual(before);
    for (const { sealed } of await world.ports.store.sealed.others('none', 1000)) {
      expect(rows.map((row) => row.sealed)).not.toContain(sealed);
      await expect(stolen.open(sealed, [])).rejects.toMatchObject({ reason: 'other_key' });
    }
  });

  it('is no change of the configuration, for nobody', async () => {
    const { id } = await world.newSandbox();
    await fill();
    const [told, events, row] = [world.node.configs.length, await world.events(), await world.row('K0')];
    await rotate();
    await world.exchange();
    expect(world.node.configs).toHaveLength(told);
    expect(world.node.configOf(id)).toMatchObject({ revision: 3 });
    expect(await world.events()).toEqual(events);
    expect(await world.row('K0')).toEqual({ ...row, sealed: expect.not.stringContaining(row.sealed) });
  });

  it('goes through more than is read at a time', async () => {
    await world.put('FIRST');
    const item = await world.row('FIRST');
    const rows = await Promise.all(
      Array.from({ length: 450 }, async (_, index) => {
        const key = `K${index}`;
        const sealed = await ring.box.seal(SECRET_VALUE, ['config', item.appId, key, 'sensitive']);
        return { ...item, key, sealed: index % 3 === 0 ? 'broken' : sealed };
      }),
    );
    await world.ports.store.commit(...rows.map((row) => ({ kind: 'config.insert', item: row }) as const));
    const report = await rotate();
    expect([report.resealed, report.unreadable.length]).toEqual([301, 150]);
    expect(await others()).toHaveLength(150);
  });

  it('names what no key opens, leaves it as it is, and shows nothing of it', async () => {
    await fill(1);
    const other = secretBox({ current: keyOf(9), previous: [] });
    await world.forge('K0', { sealed: await other.seal(SECRET_VALUE, []) });
    const { sealed } = await world.row('K0');
    const report = await rotate();
    expect(report).toMatchObject({
      resealed: 1,
      unreadable: [{ place: `config "K0" of app ${world.appId}`, reason: 'other_key' }],
    });
    expect((await world.row('K0')).sealed).toBe(sealed);
    expect(JSON.stringify(report)).not.toContain(SECRET_VALUE);
    expect(await rotate()).toMatchObject({ resealed: 1, unreadable: [{ reason: 'other_key' }] });
  });

  it('leaves the keys to an operator who gives them, and says what can go', async () => {
    await fill();
    const before = await readAll();
    const box = secretBox({ current: keyOf(7), previous: [FIRST] });
    const given: KeyRing = {
      makesKeys: false,
      named: 1,
      currentId: () => box.currentId(),
      renew: noPause,
      forgetPrevious: noPause,
    };
    const parts = { store: world.ports.store, vault: box, pause: noPause };
    expect(await rotateSecrets(parts, given, never)).toMatchObject({
      renewed: false,
      resealed: 4,
      redundantKeys: 1,
    });
    expect(await rotateSecrets(parts, given, never)).toMatchObject({ resealed: 0, redundantKeys: 1 });
    Object.assign(world.ports, { vault: secretBox({ current: keyOf(7), previous: [] }) });
    expect(await readAll()).toEqual(before);
  });
});

describe('While it goes on', () => {
  it('changes are kept, whoever comes first', async () => {
    await fill(1);
    const { store } = world.ports;
    const commit = async (...changes: Change[]) => {
      // In the very moment before: the row that was read is not there any more.
      await world.request('PATCH', `${path()}/K0`, { value: 'written-meanwhile' });
      await store.commit(...changes);
    };
    await rotate({ store: { ...store, commit } });
    expect(await world.request('GET', path())).toMatchObject({
      body: { config: [{ key: 'K0', value: 'written-meanwhile' }] },
    });
    expect(await others()).toEqual([]);
  });

  it('what was sealed before and is stored late is sealed anew as well, before the old key is forgotten', async () => {
    await fill(1);
    const item = await world.row('K0');
    const sealed = await ring.box.seal(SECRET_VALUE, ['config', item.appId, 'LATE', 'plain']);
    const pause = async () =>
      world.ports.store.commit({ kind: 'config.insert', item: { ...item, key: 'LATE', sealed } });
    expect(await rotate({ pause })).toMatchObject({ resealed: 3, unreadable: [] });
    await restart();
    expect((await world.request('GET', path())).body).toMatchObject({
      config: [{ key: 'K0' }, { key: 'LATE', value: SECRET_VALUE }],
    });
  });

  it('everything can be read and written, at any moment', async () => {
    await fill();
    const work = Array.from({ length: 30 }, async (_, index) => {
      expect((await world.put(`W${index}`, { sensitive: false })).status).toBe(201);
      const changed = await world.request('PATCH', `${path()}/K${index % 3}`, {
        access_policy: 'agent_access',
      });
      expect([200, 409]).toContain(changed.status);
    });
    const late = async () => void (await Promise.all(work));
    await Promise.all([rotate({ pause: late }), ...work]);
    await restart();
    const { body } = await world.request('GET', path());
    const items = body['config'] as { value?: string }[];
    expect(items).toHaveLength(33);
    expect(items.filter(({ value }) => value !== SECRET_VALUE)).toEqual([]);
    expect(await others()).toEqual([]);
  });
});

/** Lets everything that a rotation does count, and ends it before the step of a number. */
function mortal(dieAt: number) {
  let steps = 0;
  const step = async <T>(work: () => Promise<T>): Promise<T> => {
    steps += 1;
    if (steps === dieAt) throw new Killed();
    return work();
  };
  const { store } = world.ports;
  const parts = {
    store: {
      ...store,
      sealed: { others: (...query) => step(() => store.sealed.others(...query)) },
      commit: (...changes) => step(() => store.commit(...changes)),
    } satisfies Partial<typeof store>,
    vault: {
      open: (...given: Parameters<SecretBox['open']>) => step(() => ring.box.open(...given)),
      seal: (...given: Parameters<SecretBox['seal']>) => step(() => ring.box.seal(...given)),
      isCurrent: (sealed: string) => ring.box.isCurrent(sealed),
    },
    pause: () => step(noPause),
  };
  const keys: KeyRing = {
    makesKeys: true,
    named: 0,
    currentId: ring.currentId,
    renew: () => step(() => ring.renew()),
    forgetPrevious: () => step(() => ring.forgetPrevious()),
  };
  return rotateSecrets(parts, keys, never);
}

const noAnswer = () => Promise.reject(new SandboxdError('unavailable', 'The database does not answer.'));

describe('A rotation that is killed', () => {
  it('has lost nothing at any step, and is done when it is repeated', async () => {
    await fill();
    const before = await readAll();
    let killed = 0;
    for (let dieAt = 1; ; dieAt += 1) {
      const outcome = await mortal(dieAt).catch((error: unknown) => error);
      if (!(outcome instanceof Killed)) break;
      killed += 1;
      await restart();
      expect(await readAll(), `killed at step ${dieAt}`).toEqual(before);
    }
    expect(killed).toBeGreaterThan(12);
    await restart();
    expect(await readAll()).toEqual(before);
    expect(await others()).toEqual([]);
    expect(ring.onDisk.previous).toEqual([]);
  });

  it('keeps the keys when the database does not answer, or whoever asked has left', async () => {
    await fill();
    const { store } = world.ports;
    await expect(rotate({ store: { ...store, commit: noAnswer } })).rejects.toMatchObject({
      code: 'unavailable',
    });
    const leaving = new AbortController();
    const pause = async () => leaving.abort();
    const parts = { store, vault: ring.box, pause };
    await expect(rotateSecrets(parts, ring, leaving.signal)).rejects.toThrow(/abort/i);
    expect(ring.onDisk.previous).toHaveLength(2);
    expect(await rotate()).toMatchObject({ unreadable: [] });
    expect(ring.onDisk.previous).toEqual([]);
  });
});
