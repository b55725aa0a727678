import { Hono } from 'hono';
import type { Env } from '../context.ts';
import { activityPages } from './activity.ts';
import { agentPages } from './agents.ts';
import { appPages } from './app.ts';
import { appList } from './apps.ts';
import { configPages } from './config.ts';
import { auditPage } from './audit.ts';
import { assets } from './assets.ts';
import { limitAppForm, limitForm } from './form.ts';
import { keyPages } from './keys.ts';
import { newApp } from './new-app.ts';
import { settingsPages } from './settings.ts';
import { signInPages } from './sign-in.ts';
import { snapshotPages } from './snapshots.ts';
import { taskPages } from './tasks.ts';
import { webhookPages } from './webhooks.ts';
import { recognised, signedIn } from './visitor.ts';

/** Server-rendered pages for people. */
export const consolePages = new Hono<Env>()
  .route('/assets', assets)
  .route('/', signInPages)
  .route('/', appList)
  .use('/apps/*', limitAppForm, signedIn)
  .get('/apps', (c) => c.redirect('/', 303))
  .route('/apps', newApp)
  .route('/apps', appPages)
  .route('/apps', taskPages)
  .route('/apps', snapshotPages)
  .route('/apps', configPages)
  .use('/activity/*', signedIn)
  .route('/activity', activityPages)
  .use('/agents/*', limitForm, signedIn)
  .route('/agents', agentPages)
  .use('/audit/*', limitForm, signedIn)
  .route('/audit', auditPage)
  .use('/settings/*', limitForm, signedIn)
  .route('/settings', settingsPages)
  .route('/settings/keys', keyPages)
  .route('/settings/webhooks', webhookPages)
  .get('*', recognised);
