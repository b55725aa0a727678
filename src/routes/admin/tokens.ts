import { Hono } from 'hono';
import * as v from 'valibot';
import { NewApiKey } from '../../domain/api-key.ts';
import { createApiKey, listApiKeys, revokeApiKey } from '../../domain/api-key-commands.ts';
import { DEFAULT_OWNER } from '../../domain/identity.ts';
import { readInput } from '../body.ts';
import type { AppContext, Env } from '../context.ts';
import { presentApiKey } from '../v1/api-keys.ts';
import { idParam } from '../v1/params.ts';

const TokenInput = v.object({
  ...NewApiKey.entries,
  owner: v.optional(v.string('must be a string'), DEFAULT_OWNER),
});

/** API keys of any owner. */
export const adminTokens = new Hono<Env>()
  .get('/', async (c) => {
    const keys = await listApiKeys(c.get('ports'), ownerOf(c));
    return c.json({ tokens: keys.map(presentApiKey) });
  })
  .post('/', async (c) => {
    const { owner, ...input } = await readInput(c, TokenInput);
    const { token, key } = await createApiKey(c.get('ports'), owner, input);
    c.set('auditTarget', { id: key.id, name: key.name, owner });
    return c.json({ token, id: key.id }, 201);
  })
  .delete('/:id', async (c) => {
    const owner = ownerOf(c);
    c.set('auditTarget', { owner });
    await revokeApiKey(c.get('ports'), owner, idParam(c, 'API key'));
    return c.body(null, 204);
  });

const ownerOf = (c: AppContext): string => c.req.query('owner') ?? DEFAULT_OWNER;
