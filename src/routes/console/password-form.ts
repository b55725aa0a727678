import * as v from 'valibot';
import { RateLimitedError, SandboxdError } from '../../domain/errors.ts';
import {
  changePassword,
  hasPassword,
  PasswordChange,
  PasswordSetup,
  setUpPassword,
} from '../../domain/password-commands.ts';
import type { PasswordProblems } from '../../views/settings-models.ts';
import type { AppContext } from '../context.ts';
import { sessionSecret } from '../identity.ts';
import { peerAddress } from '../peer.ts';
import { retryAfter } from '../retry-after.ts';

/** What was wrong. What was sent is not sent back. */
export interface RefusedPassword {
  readonly problems: PasswordProblems;
  readonly status: SandboxdError['status'];
}

/**
 * Sets the console's password, or changes the one that there is. Answers what was wrong.
 * @throws forbidden for whom it does not belong to
 */
export async function takePassword(
  c: AppContext,
  form: URLSearchParams,
): Promise<RefusedPassword | undefined> {
  const next = form.get('new_password') ?? '';
  if (form.get('again') !== next) {
    return { problems: { again: 'This is not the same. Type both once more.' }, status: 400 };
  }
  const isChange = await hasPassword(c.get('ports'));
  return isChange ? change(c, form.get('current_password') ?? '', next) : setUp(c, next);
}

async function setUp(c: AppContext, password: string): Promise<RefusedPassword | undefined> {
  const given = v.safeParse(PasswordSetup, { password });
  if (!given.success) return wrongFields({ next: given.issues[0].message });
  return unlessRefused(c, () => setUpPassword(c.get('ports'), c.get('principal'), given.output));
}

async function change(
  c: AppContext,
  current_password: string,
  new_password: string,
): Promise<RefusedPassword | undefined> {
  const given = v.safeParse(PasswordChange, { current_password, new_password });
  if (!given.success) {
    const { nested = {} } = v.flatten<typeof PasswordChange>(given.issues);
    return wrongFields({ current: nested.current_password?.[0], next: nested.new_password?.[0] });
  }
  const from = { session: sessionSecret(c), address: peerAddress(c) };
  return unlessRefused(c, () => changePassword(c.get('ports'), c.get('principal'), given.output, from));
}

const wrongFields = ({ current, next }: { current?: string; next?: string }): RefusedPassword => ({
  problems: { current: current && `It ${current}.`, next: next && `It ${next}.` },
  status: 400,
});

const WRONG = /^current_password: /;

async function unlessRefused(c: AppContext, act: () => Promise<void>): Promise<RefusedPassword | undefined> {
  try {
    await act();
    return undefined;
  } catch (error) {
    if (!(error instanceof SandboxdError)) throw error;
    retryAfter(c, error);
    const { code, message, status } = error;
    if (error instanceof RateLimitedError) return { problems: { current: message }, status };
    if (WRONG.test(message)) return { problems: { current: 'This is not the password.' }, status };
    if (code === 'conflict') return { problems: { other: message }, status };
    throw error;
  }
}
