import type { Redactor } from './redactor.ts';
import type { Vault } from './vault.ts';

/** Teaches a redactor every secret that is sealed or opened: what nobody has met cannot be told by mistake. */
export const redactingVault = (vault: Vault, redactor: Pick<Redactor, 'learn'>): Vault => ({
  seal: (secret, context) => {
    if (isOneSecret(context)) redactor.learn(secret);
    return vault.seal(secret, context);
  },
  open: async (sealed, context) => {
    const secret = await vault.open(sealed, context);
    if (isOneSecret(context)) redactor.learn(secret);
    return secret;
  },
  isCurrent: (sealed) => vault.isCurrent(sealed),
});

/**
 * Whole answers are sealed as well, in which secrets are met as such; and values that anybody may see, like `production`,
 * which would be taken out of every line.
 */
const isOneSecret = ([kind, , , sensitivity]: readonly string[]): boolean =>
  kind !== 'idempotency' && !(kind === 'config' && sensitivity === 'plain');
