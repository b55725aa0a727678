import { Hono } from 'hono';
import { createConfig, deleteConfig, listConfig, updateConfig } from '../../domain/config-commands.ts';
import { ConfigPatch, NewConfigItem } from '../../domain/config-item.ts';
import { limitJson, readInput } from '../body.ts';
import type { Env } from '../context.ts';
import { operation } from '../describe.ts';
import { ConfigItemBody, ConfigListBody } from './config-schemas.ts';
import { idParam } from './params.ts';
import { presentConfig } from './present-config.ts';

const KEY = 'The key is URL-encoded in the path.';

/** What an app is told that is not in its files. A sensitive value never comes back. */
export const config = new Hono<Env>()
  .use('/:id/config/*', limitJson)
  .get(
    '/:id/config',
    operation({
      id: 'listConfig',
      summary: "List an app's config items by key, without sensitive values",
      tag: 'Config',
      ok: { 200: ConfigListBody },
      errors: ['not_found'],
    }),
    async (c) => {
      const views = await listConfig(c.get('ports'), c.get('principal').owner, idParam(c, 'app'));
      return c.json({ config: views.map(presentConfig) });
    },
  )
  .post(
    '/:id/config',
    operation({
      id: 'createConfig',
      summary: 'Create a config item; access_policy says which programs of the sandbox have its value',
      description: 'What is running goes on with what it was started with; restart-processes changes that.',
      tag: 'Config',
      body: NewConfigItem,
      ok: { 201: ConfigItemBody },
      errors: ['invalid_request', 'not_found', 'conflict', 'payload_too_large'],
    }),
    async (c) => {
      const id = idParam(c, 'app');
      const input = await readInput(c, NewConfigItem);
      c.set('auditTarget', { key: input.key });
      const view = await createConfig(c.get('ports'), c.get('principal').owner, id, input);
      return c.json(presentConfig(view), 201);
    },
  )
  .patch(
    '/:id/config/:key',
    operation({
      id: 'updateConfig',
      summary:
        'Change value, sensitivity or access policy of a config item; without a value the one there is stays',
      description: KEY,
      tag: 'Config',
      body: ConfigPatch,
      ok: { 200: ConfigItemBody },
      errors: ['invalid_request', 'not_found', 'conflict', 'payload_too_large', 'unavailable'],
    }),
    async (c) => {
      const id = idParam(c, 'app');
      const key = c.req.param('key');
      const patch = await readInput(c, ConfigPatch);
      return c.json(
        presentConfig(await updateConfig(c.get('ports'), c.get('principal').owner, id, key, patch)),
      );
    },
  )
  .delete(
    '/:id/config/:key',
    operation({
      id: 'deleteConfig',
      summary: 'Delete a config item',
      description: KEY,
      tag: 'Config',
      ok: { 204: 'Deleted' },
      errors: ['not_found'],
    }),
    async (c) => {
      const { owner } = c.get('principal');
      await deleteConfig(c.get('ports'), owner, idParam(c, 'app'), c.req.param('key'));
      return c.body(null, 204);
    },
  );
