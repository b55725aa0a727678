import type { Ports } from './ports.ts';
import type { SealedPlace, SealedRow } from './sealed.ts';
import type { Change } from './store.ts';
import { UnreadableSecret } from './vault.ts';

/** The keys of the vault, for who changes them. */
export interface KeyRing {
  /** Whether this installation makes its keys by itself; otherwise its operator gives them, and restarts it. */
  readonly makesKeys: boolean;
  /** How many earlier keys the configuration names. */
  readonly named: number;
  /** Of the key that seals now. */
  currentId(): Promise<string>;
  /**
   * Lets a new key seal from now on, if this installation makes its own; those before go on opening. It is on the disk
   * before anything is sealed with it.
   */
  renew(): Promise<void>;
  /** Forgets the keys before the current one, but for those that the configuration names. Safe to repeat. */
  forgetPrevious(): Promise<void>;
}

/** Something that no key opens. */
export interface UnreadablePlace {
  /** For people: what it is, and whose; never what it says. */
  readonly place: string;
  readonly reason: UnreadableSecret['reason'];
}

export interface RotationReport {
  /** Whether a new key was made. */
  readonly renewed: boolean;
  /** How many secrets were sealed with an earlier key, and are with the current one now. */
  readonly resealed: number;
  /** They stay as they are. */
  readonly unreadable: readonly UnreadablePlace[];
  /** How many earlier keys the configuration names that nothing needs any more. */
  readonly redundantKeys: number;
}

/** Rows read at a time. */
const PAGE = 200;
/**
 * How long somebody may hold what an earlier key has sealed before it is in the database, in milliseconds: twice as long as
 * a commit waits for its turn.
 */
const SETTLING_MS = 10_000;

type RotationPorts = Pick<Ports, 'store' | 'vault' | 'pause'>;

/**
 * Seals everything in the database with a new key, or with the current one where the operator gives the keys, and then
 * forgets the keys before. Ended at any point it loses nothing: every key that anything is sealed with is kept until
 * then. Safe to repeat, and while everything goes on.
 * @throws unavailable when the database does not answer, and the system's error when a key cannot be written down
 */
export async function rotateSecrets(
  ports: RotationPorts,
  ring: KeyRing,
  signal: AbortSignal,
): Promise<RotationReport> {
  await ring.renew();
  const first = await resealAll(ports, ring);
  if (ring.makesKeys) await ports.pause(SETTLING_MS, signal);
  signal.throwIfAborted();
  const { resealed, unreadable } = await resealAll(ports, ring);
  await ring.forgetPrevious();
  return {
    renewed: ring.makesKeys,
    resealed: first.resealed + resealed,
    unreadable,
    redundantKeys: ring.named,
  };
}

type Pass = Pick<RotationReport, 'resealed' | 'unreadable'>;

async function resealAll({ store, vault }: RotationPorts, ring: KeyRing): Promise<Pass> {
  const keyId = await ring.currentId();
  const unreadable: UnreadablePlace[] = [];
  let resealed = 0;
  for (let after: SealedPlace | undefined; ; ) {
    const rows = await store.sealed.others(keyId, PAGE, after);
    const looks = await Promise.all(rows.map((row) => reseal(vault, row)));
    const changes = looks.filter((look) => 'kind' in look);
    if (changes.length > 0) await store.commit(...changes);
    resealed += changes.length;
    unreadable.push(...looks.filter((look) => 'reason' in look));
    after = rows.at(-1)?.place;
    if (rows.length < PAGE) return { resealed, unreadable };
  }
}

async function reseal(
  vault: Ports['vault'],
  { place, context, sealed: was }: SealedRow,
): Promise<Extract<Change, { kind: 'reseal' }> | UnreadablePlace> {
  try {
    const secret = await vault.open(was, context);
    return { kind: 'reseal', place, was, sealed: await vault.seal(secret, context) };
  } catch (error) {
    if (!(error instanceof UnreadableSecret)) throw error;
    return { place: nameOf(place), reason: error.reason };
  }
}

function nameOf(place: SealedPlace): string {
  switch (place.kind) {
    case 'config':
      return `config "${place.key}" of app ${place.appId}`;
    case 'credential':
      return `key for ${place.provider} of owner ${place.owner}`;
    case 'webhook':
      return `secret of webhook ${place.id}`;
    case 'idempotency':
  }
  return `${place.part} by Idempotency-Key "${place.key}" of owner ${place.owner}`;
}
