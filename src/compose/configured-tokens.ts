import { hashSecret } from '../domain/auth.ts';

/** The tokens of the configuration, by their hash. */
export async function configuredTokens(
  tokens: readonly { readonly owner: string; readonly secret: string }[],
): Promise<ReadonlyMap<string, string>> {
  const hashed = tokens.map(async ({ owner, secret }) => [await hashSecret(secret), owner] as const);
  return new Map(await Promise.all(hashed));
}
