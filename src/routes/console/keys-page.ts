import { listApiKeys } from '../../domain/api-key-commands.ts';
import type { ApiToken } from '../../domain/identity.ts';
import type { Ports } from '../../domain/ports.ts';
import type { Frame } from '../../views/models.ts';
import type { KeyProblems, KeyRow, KeysPage } from '../../views/settings-models.ts';
import { dateOf, moment } from './relative-time.ts';

/** A key as its form asks for it. */
export interface KeyForm {
  readonly name: string;
  /** Days; empty for one that does not end. */
  readonly term: string;
}

/** What came of a form that was sent. */
export interface KeyOutcome {
  readonly refused?: { readonly form: KeyForm; readonly problems: KeyProblems };
  readonly made?: KeysPage['made'];
}

const TERMS = [
  ['7', 'In 7 days'],
  ['30', 'In 30 days'],
  ['90', 'In 90 days'],
  ['365', 'In a year'],
  ['', 'Never'],
] as const;

/** A key that is forgotten ends by itself, unless somebody wants it otherwise. */
const USUAL_TERM = '90';

/** The keys of an owner. */
export async function keysPage(
  ports: Ports,
  owner: string,
  { refused, made }: KeyOutcome = {},
): Promise<Omit<KeysPage, keyof Frame>> {
  const keys = await listApiKeys(ports, owner);
  const now = ports.clock();
  const term = refused?.form.term ?? USUAL_TERM;
  return {
    rows: keys.map((key) => keyRow(key, now)),
    form: {
      name: refused?.form.name ?? '',
      terms: TERMS.map(([id, label]) => ({ id, label, chosen: id === term })),
      problems: refused?.problems ?? {},
    },
    made,
  };
}

export const keyRow = (
  { id, name, prefix, createdAt, lastUsedAt, expiresAt }: ApiToken,
  now: number,
): KeyRow => ({
  name,
  prefix,
  created: moment(createdAt, now),
  ...(lastUsedAt !== undefined && { lastUsed: moment(lastUsedAt, now) }),
  ...(expiresAt !== undefined && { expires: dateOf(expiresAt) }),
  hasExpired: expiresAt !== undefined && expiresAt <= now,
  revokeHref: `/settings/keys/${id}/revoke`,
});
