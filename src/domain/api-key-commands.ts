import { type ApiKeyInput, expiryOf, MAX_API_KEYS } from './api-key.ts';
import { hashSecret, randomSecret } from './auth.ts';
import { invalid, notFound, SandboxdError } from './errors.ts';
import { type ApiToken, isOwnerName } from './identity.ts';
import type { Ports } from './ports.ts';
import { recorded } from './record.ts';

const PREFIX_LENGTH = 8;

/**
 * Makes an API key. Its token is in this answer and nowhere else.
 * @throws invalid_request for an owner or an end that cannot be; conflict when the owner has too many keys
 */
export async function createApiKey(
  ports: Ports,
  owner: string,
  input: ApiKeyInput,
): Promise<{ token: string; key: ApiToken }> {
  if (!isOwnerName(owner)) {
    throw invalid('owner: use 1–64 letters, digits, "_", "." or "-".');
  }
  const now = ports.clock();
  const expiresAt = expiryOf(input, now);
  if ((await ports.store.identity.tokens(owner)).length >= MAX_API_KEYS) {
    throw new SandboxdError('conflict', `There are ${MAX_API_KEYS} API keys already. Revoke some first.`);
  }
  const token = `sbx_${randomSecret()}`;
  const key: ApiToken = {
    id: ports.newId(),
    owner,
    name: input.name,
    hash: await hashSecret(token),
    prefix: token.slice(0, PREFIX_LENGTH),
    createdAt: now,
    ...(expiresAt !== undefined && { expiresAt }),
  };
  await ports.store.commit(
    { kind: 'token.insert', token: key, most: MAX_API_KEYS },
    recorded(ports, 'api_key.created', about(key, 'was created')),
  );
  return { token, key };
}

/** Newest first; also those that have expired. */
export const listApiKeys = (ports: Ports, owner: string): Promise<ApiToken[]> =>
  ports.store.identity.tokens(owner);

/** From the next request on it is as good as none. @throws not_found when the owner has none by this id */
export async function revokeApiKey(ports: Ports, owner: string, id: string): Promise<void> {
  const key = (await ports.store.identity.tokens(owner)).find((one) => one.id === id);
  if (key === undefined) throw notFound('API key');
  await ports.store.commit(
    { kind: 'token.delete', owner, id },
    recorded(ports, 'api_key.revoked', about(key, 'was revoked')),
  );
}

const about = ({ owner, name, prefix }: ApiToken, what: string) => ({
  owner,
  message: `API key "${name}" (${prefix}…) ${what}.`,
  payload: { name, prefix },
});
