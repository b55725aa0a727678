import { requireApp } from '../../domain/require.ts';
import { Hono } from 'hono';
import { NewApp, AppPatch } from '../../domain/app.ts';
import { createApp, deleteApp, updateApp } from '../../domain/app-commands.ts';
import { createAppSandbox, NewAppSandbox } from '../../domain/sandbox-commands.ts';
import { viewSandbox } from '../../domain/sandbox-view.ts';
import { limitJson, readInput } from '../body.ts';
import type { Env } from '../context.ts';
import { operation } from '../describe.ts';
import { eventPage } from './event-page.ts';
import { idParam, PAGE, page, pageQuery, snapshotsQuery } from './params.ts';
import { presentApp, presentSandbox } from './present.ts';
import { AppBody, AppListBody, EventListBody, SandboxBody } from './schemas.ts';

export const apps = new Hono<Env>()
  .use(limitJson)
  .get(
    '/',
    operation({
      id: 'listApps',
      summary: 'List apps, newest first',
      tag: 'Apps',
      query: { ...PAGE, external_user_id: 'only the apps of this end user' },
      ok: { 200: AppListBody },
      errors: ['invalid_request'],
    }),
    async (c) => {
      const { owner } = c.get('principal');
      const externalUserId = c.req.query('external_user_id');
      const { rows, next_before } = await page(pageQuery(c), (query) =>
        c.get('ports').store.apps.list(owner, { ...query, externalUserId }),
      );
      return c.json({ apps: rows.map(presentApp), next_before });
    },
  )
  .post(
    '/',
    operation({
      id: 'createApp',
      summary: 'Create an app',
      tag: 'Apps',
      body: NewApp,
      ok: { 201: AppBody },
      errors: ['invalid_request', 'payload_too_large'],
    }),
    async (c) => {
      const input = await readInput(c, NewApp);
      const app = await createApp(c.get('ports'), c.get('principal').owner, input);
      c.set('auditTarget', { id: app.id });
      return c.json(presentApp(app), 201);
    },
  )
  .get(
    '/:id',
    operation({
      id: 'getApp',
      summary: 'Get an app',
      tag: 'Apps',
      ok: { 200: AppBody },
      errors: ['not_found'],
    }),
    async (c) =>
      c.json(presentApp(await requireApp(c.get('ports'), c.get('principal').owner, idParam(c, 'app')))),
  )
  .patch(
    '/:id',
    operation({
      id: 'updateApp',
      summary: 'Change name, description or tags',
      tag: 'Apps',
      body: AppPatch,
      ok: { 200: AppBody },
      errors: ['invalid_request', 'not_found', 'payload_too_large'],
    }),
    async (c) => {
      const id = idParam(c, 'app');
      const patch = await readInput(c, AppPatch);
      return c.json(presentApp(await updateApp(c.get('ports'), c.get('principal').owner, id, patch)));
    },
  )
  .delete(
    '/:id',
    operation({
      id: 'deleteApp',
      summary: 'Delete an app with its sandbox and workspace',
      tag: 'Apps',
      query: { snapshots: 'delete: its snapshots go as well; they are kept otherwise' },
      ok: { 204: 'Deleted' },
      errors: ['invalid_request', 'not_found'],
    }),
    async (c) => {
      const id = idParam(c, 'app');
      await deleteApp(c.get('ports'), c.get('principal').owner, id, snapshotsQuery(c));
      return c.body(null, 204);
    },
  )
  .post(
    '/:id/sandbox',
    operation({
      id: 'createAppSandbox',
      summary: "Create the app's one live sandbox",
      tag: 'Apps',
      body: NewAppSandbox,
      ok: { 201: SandboxBody },
      errors: [
        'invalid_request',
        'not_found',
        'conflict',
        'payload_too_large',
        'sandbox_unavailable',
        'sandbox_capacity',
        'node_unavailable',
      ],
    }),
    async (c) => {
      const ports = c.get('ports');
      const id = idParam(c, 'app');
      const input = await readInput(c, NewAppSandbox);
      const { owner } = c.get('principal');
      const view = await viewSandbox(ports, await createAppSandbox(ports, owner, id, input));
      c.set('auditTarget', { sandboxId: view.sandbox.id });
      return c.json(presentSandbox(view, ports.instance.addressing), 201);
    },
  )
  .get(
    '/:id/events',
    operation({
      id: 'listAppEvents',
      summary: 'What happened to an app, newest first',
      tag: 'Apps',
      query: PAGE,
      ok: { 200: EventListBody },
      errors: ['invalid_request', 'not_found'],
    }),
    async (c) => {
      const app = await requireApp(c.get('ports'), c.get('principal').owner, idParam(c, 'app'));
      return eventPage(c, { appId: app.id });
    },
  );
