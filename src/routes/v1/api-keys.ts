import { Hono } from 'hono';
import type * as v from 'valibot';
import { NewApiKey } from '../../domain/api-key.ts';
import { createApiKey, listApiKeys, revokeApiKey } from '../../domain/api-key-commands.ts';
import { timestamp } from '../../domain/ids.ts';
import type { ApiToken } from '../../domain/identity.ts';
import { optionalTimestamp } from '../../domain/record.ts';
import { limitJson, readInput } from '../body.ts';
import type { Env } from '../context.ts';
import { operation } from '../describe.ts';
import { type ApiKeyBody, ApiKeyListBody, NewApiKeyBody } from './identity-schemas.ts';
import { idParam } from './params.ts';

/** Never with the hash: who has that can look for the token without asking us. */
export const presentApiKey = (key: ApiToken): v.InferOutput<typeof ApiKeyBody> => ({
  id: key.id,
  name: key.name,
  prefix: key.prefix,
  created_at: timestamp(key.createdAt),
  last_used_at: optionalTimestamp(key.lastUsedAt),
  expires_at: optionalTimestamp(key.expiresAt),
});

export const apiKeys = new Hono<Env>()
  .use(limitJson)
  .get(
    '/',
    operation({
      id: 'listApiKeys',
      summary: 'List API keys, newest first; also those that have expired',
      tag: 'Identity',
      ok: { 200: ApiKeyListBody },
    }),
    async (c) => {
      const keys = await listApiKeys(c.get('ports'), c.get('principal').owner);
      return c.json({ api_keys: keys.map(presentApiKey) });
    },
  )
  .post(
    '/',
    operation({
      id: 'createApiKey',
      summary: 'Make an API key; its token is shown this once',
      tag: 'Identity',
      body: NewApiKey,
      ok: { 201: NewApiKeyBody },
      errors: ['invalid_request', 'conflict', 'payload_too_large'],
    }),
    async (c) => {
      const input = await readInput(c, NewApiKey);
      const { key, token } = await createApiKey(c.get('ports'), c.get('principal').owner, input);
      c.set('auditTarget', { id: key.id, name: key.name });
      return c.json({ ...presentApiKey(key), token }, 201);
    },
  )
  .delete(
    '/:id',
    operation({
      id: 'revokeApiKey',
      summary: 'Revoke an API key; also the one that asks',
      tag: 'Identity',
      ok: { 204: 'Revoked' },
      errors: ['not_found'],
    }),
    async (c) => {
      await revokeApiKey(c.get('ports'), c.get('principal').owner, idParam(c, 'API key'));
      return c.body(null, 204);
    },
  );
