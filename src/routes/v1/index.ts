import { Hono } from 'hono';
import type { Env } from '../context.ts';
import { authenticated } from '../identity.ts';
import { apps } from './apps.ts';
import { exec } from './exec.ts';
import { files } from './files.ts';
import { presets } from './presets.ts';
import { sandboxes } from './sandboxes.ts';

/** The public API. Everything but its own description is for authenticated callers. */
export const v1 = new Hono<Env>()
  .use(authenticated)
  .route('/apps', apps)
  .route('/presets', presets)
  .route('/sandboxes', files)
  .route('/sandboxes', exec)
  .route('/sandboxes', sandboxes);
