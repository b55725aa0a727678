import * as v from 'valibot';
import { authenticate, hashSecret, type Later, type OpenedSession, openSession } from './auth.ts';
import { Crowd } from './crowd.ts';
import { SandboxdError } from './errors.ts';
import { DEFAULT_OWNER, type Principal } from './identity.ts';
import { forgetFailures, noteFailure, requireNoWait } from './login-limit.ts';
import type { Ports } from './ports.ts';
import { recorded } from './record.ts';
import type { Change } from './store.ts';

const LENGTH = 'must be 12–1024 characters';
const NewPassword = v.pipe(v.string('must be a string'), v.minLength(12, LENGTH), v.maxLength(1024, LENGTH));
/** One that may be wrong: whatever fits. */
const GivenPassword = v.pipe(
  v.string('must be a string'),
  v.maxLength(1024, 'must be at most 1024 characters'),
);

export const PasswordSetup = v.object({ password: NewPassword });
export const PasswordLogin = v.object({ password: GivenPassword });
export const PasswordChange = v.object({ current_password: GivenPassword, new_password: NewPassword });

/** Hashing takes a core, and of the threads that the process reads its files with, one. */
const hashing = new Crowd(2);

/** The console has one password: that of the owner it acts as. */
export const hasPassword = async ({ store }: Ports): Promise<boolean> =>
  (await store.identity.password(DEFAULT_OWNER)) !== undefined;

/**
 * Gives the console its first password.
 * @throws forbidden for callers of another owner; conflict when there is a password
 */
export async function setUpPassword(
  ports: Ports,
  { owner }: Principal,
  { password }: v.InferOutput<typeof PasswordSetup>,
): Promise<void> {
  requireConsoleOwner(owner);
  if (await hasPassword(ports)) {
    throw new SandboxdError('conflict', 'There is a password already. Change it with the current one.');
  }
  await ports.store.commit(...(await newPassword(ports, password)), changed(ports, 'was set'));
}

/**
 * Changes the console's password, and ends every session but the caller's.
 * @param from the caller's session, if it has one, and its address
 * @throws forbidden for callers of another owner or a wrong password; conflict when there is none; rate_limited
 */
export async function changePassword(
  ports: Ports,
  { owner }: Principal,
  { current_password, new_password }: v.InferOutput<typeof PasswordChange>,
  { session, address }: { session: string | undefined; address: string | undefined },
): Promise<void> {
  requireConsoleOwner(owner);
  if (!(await hasPassword(ports))) {
    throw new SandboxdError('conflict', 'There is no password yet. Set one up first.');
  }
  if (!(await isRight(ports, current_password, address))) {
    throw new SandboxdError('forbidden', 'current_password: is not the password.');
  }
  await ports.store.commit(
    ...(await newPassword(ports, new_password)),
    {
      kind: 'sessions.delete',
      owner,
      ...(session !== undefined && { exceptHash: await hashSecret(session) }),
    },
    changed(ports, 'was changed'),
  );
}

/** Lets the operator of the machine in whatever the password was: it is gone, and so is every session of the console. */
export const forgetPassword = (ports: Ports): Promise<void> =>
  ports.store.commit(
    { kind: 'password.delete', owner: DEFAULT_OWNER },
    { kind: 'sessions.delete', owner: DEFAULT_OWNER },
    changed(ports, 'was forgotten, and all sessions were ended'),
  );

/**
 * Begins a session of the console. Whether there is a password cannot be told from a failure, nor from the time it takes.
 * @throws unauthorized, rate_limited
 */
export async function logIn(
  ports: Ports,
  { password }: v.InferOutput<typeof PasswordLogin>,
  address: string | undefined,
): Promise<OpenedSession> {
  if (await isRight(ports, password, address)) return openSession(ports, DEFAULT_OWNER);
  throw new SandboxdError('unauthorized', 'This is not the password.');
}

/**
 * Begins a session by an API key, which ends with the key. A wrong one counts like a wrong password; a good one is no
 * reason to forget that others were wrong, because it may be another owner's.
 * @throws unauthorized, rate_limited
 */
export async function logInWithToken(
  ports: Ports,
  token: string,
  address: string | undefined,
  later: Later,
): Promise<OpenedSession> {
  await requireNoWait(ports, address);
  const principal = await authenticate(ports, { bearer: token }, later);
  if (principal !== undefined) return openSession(ports, principal.owner, await hashSecret(token));
  await noteFailure(ports, address);
  throw new SandboxdError('unauthorized', 'This token is not valid.');
}

/**
 * Compares, within what failed attempts leave of patience. That is asked for twice: before, so that who has to wait takes the place
 * of nobody else, and again by those few who are at it, of whom one may just have failed.
 */
async function isRight(ports: Ports, given: string, address: string | undefined): Promise<boolean> {
  await requireNoWait(ports, address);
  return hashing.among(ports.clock, async () => {
    await requireNoWait(ports, address);
    const password = await ports.store.identity.password(DEFAULT_OWNER);
    const right =
      password === undefined
        ? await takeAsLong(ports, given)
        : await ports.passwords.verify(given, password.hash);
    await (right ? forgetFailures : noteFailure)(ports, address);
    return right;
  });
}

async function takeAsLong({ passwords }: Ports, given: string): Promise<false> {
  await passwords.hash(given);
  return false;
}

async function newPassword({ passwords, clock }: Ports, text: string): Promise<Change[]> {
  const hash = await hashing.among(clock, () => passwords.hash(text));
  return [{ kind: 'password.put', password: { owner: DEFAULT_OWNER, hash, updatedAt: clock() } }];
}

const changed = (ports: Ports, what: string): Change =>
  recorded(ports, 'auth.password.changed', {
    owner: DEFAULT_OWNER,
    message: `The console's password ${what}.`,
  });

function requireConsoleOwner(owner: string): void {
  if (owner === DEFAULT_OWNER) return;
  throw new SandboxdError('forbidden', `The console's password belongs to the owner "${DEFAULT_OWNER}".`);
}
