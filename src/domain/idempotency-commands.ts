import { invalid, isCode, SandboxdError } from './errors.ts';
import { IDEMPOTENCY_MS, idempotencyContext, type IdempotentRequest } from './idempotency.ts';
import type { Ports } from './ports.ts';

/** How long a request waits for the first one by its key. */
const WAIT_MS = 30_000;
const LOOK_MS = 100;

/** No request takes longer: what is without an answer then was cut off. */
const LONGEST_MS = 10 * 60_000;

/** What was answered, as much of it as says the same again. */
export interface KeptAnswer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly body: string;
}

/** A request by a key. */
export interface KeyedRequest {
  readonly owner: string;
  readonly key: string;
  /** Equal for the same request and no other. */
  readonly fingerprint: string;
}

/** @throws invalid_request */
export function requireKey(key: string): string {
  if (/^[\x20-\x7e]{1,255}$/.test(key)) return key;
  throw invalid('Idempotency-Key: give 1–255 printable ASCII characters, different ones for each request.');
}

/**
 * Takes a key for a request, or finds what the first request by that key was answered. The one that has taken it calls
 * {@link keepAnswer} or {@link releaseKey} when it knows what came of it. Of many at once one gets it, and the others wait.
 * @returns undefined for the one that is to carry it out
 * @throws conflict when the key stands for another request, or the first one has no answer in time; unavailable when
 * what is kept of it cannot be opened
 */
export async function claimKey(
  ports: Ports,
  asked: KeyedRequest,
  signal: AbortSignal,
): Promise<KeptAnswer | undefined> {
  const deadline = ports.clock() + WAIT_MS;
  for (;;) {
    if (await isTaken(ports, asked)) return undefined;
    const first = await ports.store.idempotency.find(asked.owner, asked.key, ports.clock() - IDEMPOTENCY_MS);
    // One that came to nothing, or is too old by now, leaves its key to the next.
    if (first === undefined) continue;
    await requireSame(ports, asked, first);
    if (first.sealedAnswer !== undefined) return openAnswer(ports, asked, first.sealedAnswer);
    const now = ports.clock();
    if (now - first.createdAt > LONGEST_MS) throw cutOff();
    if (now >= deadline || signal.aborted) throw underWay();
    await ports.pause(LOOK_MS, signal);
  }
}

/**
 * Whether the key is this request's from now on. Sealed anew each time: what was sealed before the wait may be so with a key that
 * is forgotten by now.
 */
async function isTaken(ports: Ports, asked: KeyedRequest): Promise<boolean> {
  const { owner, key, fingerprint } = asked;
  const sealedRequest = await ports.vault.seal(fingerprint, idempotencyContext(asked, 'request'));
  const now = ports.clock();
  try {
    await ports.store.commit({
      kind: 'idempotency.claim',
      request: { owner, key, sealedRequest, createdAt: now },
      since: now - IDEMPOTENCY_MS,
    });
    return true;
  } catch (error) {
    if (isCode(error, 'conflict')) return false;
    throw error;
  }
}

async function requireSame(ports: Ports, asked: KeyedRequest, first: IdempotentRequest): Promise<void> {
  const fingerprint = await ports.vault.open(first.sealedRequest, idempotencyContext(asked, 'request'));
  if (fingerprint === asked.fingerprint) return;
  throw new SandboxdError(
    'conflict',
    'Idempotency-Key: stands for another request already. Use a new key for each request, and repeat one only with the very same method, path and body.',
  );
}

/** What has been done stands, whether its answer can be kept or not. Never throws. */
export async function keepAnswer(ports: Ports, asked: KeyedRequest, answer: KeptAnswer): Promise<void> {
  const { owner, key } = asked;
  try {
    const sealedAnswer = await ports.vault.seal(JSON.stringify(answer), idempotencyContext(asked, 'answer'));
    await ports.store.commit({ kind: 'idempotency.answer', owner, key, sealedAnswer });
  } catch (error) {
    ports.log.error('an answer could not be kept for repetitions of its request', error);
  }
}

/** Lets the next request by this key begin anew, because this one came to nothing. Never throws. */
export async function releaseKey(ports: Ports, { owner, key }: KeyedRequest): Promise<void> {
  try {
    await ports.store.commit({ kind: 'idempotency.release', owner, key });
  } catch (error) {
    ports.log.error('the key of a request that failed could not be released', error);
  }
}

const openAnswer = async (ports: Ports, asked: KeyedRequest, sealed: string): Promise<KeptAnswer> =>
  JSON.parse(await ports.vault.open(sealed, idempotencyContext(asked, 'answer'))) as KeptAnswer;

const underWay = () =>
  new SandboxdError(
    'conflict',
    'The first request by this Idempotency-Key is still under way. Repeat this one in a moment.',
  );

const cutOff = () =>
  new SandboxdError(
    'conflict',
    'The first request by this Idempotency-Key was cut off before it was answered. Look whether what it was to make is there; if it is not, ask for it with a new key.',
  );
