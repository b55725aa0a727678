import { Hono } from 'hono';
import type { Env } from '../context.ts';
import { operation } from '../describe.ts';
import { idempotent } from '../idempotency.ts';
import { authenticated } from '../identity.ts';
import { agents } from './agents.ts';
import { apiKeys } from './api-keys.ts';
import { apps } from './apps.ts';
import { auditLog } from './audit.ts';
import { auth, openAuth } from './auth.ts';
import { events } from './events.ts';
import { config } from './config.ts';
import { exec } from './exec.ts';
import { exports } from './export.ts';
import { files } from './files.ts';
import { openapi } from './openapi.gen.ts';
import { presets } from './presets.ts';
import { runtime } from './runtime.ts';
import { sandboxes } from './sandboxes.ts';
import { settings } from './settings.ts';
import { appSnapshots, snapshots } from './snapshots.ts';
import { sandboxTasks, tasks } from './tasks.ts';
import { webhooks } from './webhooks.ts';

/** The public API. Everything but its own description, and the way in, is for authenticated callers. */
export const v1 = new Hono<Env>()
  .get(
    '/openapi.json',
    operation({
      id: 'getOpenapi',
      summary: 'This description',
      tag: 'Instance',
      open: true,
      ok: { 200: 'OpenAPI 3.1' },
    }),
    (c) => c.json(openapi),
  )
  .route('/auth', openAuth)
  .use(authenticated)
  .use(idempotent)
  .route('/auth', auth)
  .route('/api-keys', apiKeys)
  .route('/audit', auditLog)
  .route('/apps', appSnapshots)
  .route('/apps', config)
  .route('/apps', apps)
  .route('/snapshots', snapshots)
  .route('/tasks', tasks)
  .route('/agents', agents)
  .route('/webhooks', webhooks)
  .route('/events', events)
  .route('/presets', presets)
  .route('/runtime', runtime)
  .route('/settings', settings)
  .route('/sandboxes', files)
  .route('/sandboxes', exports)
  .route('/sandboxes', exec)
  .route('/sandboxes', sandboxTasks)
  .route('/sandboxes', sandboxes);
