import { requireSandbox } from '../../domain/require.ts';
import { Hono } from 'hono';
import { timestamp } from '../../domain/ids.ts';
import { keepAlive, Keepalive } from '../../domain/keepalive.ts';
import { createPreviewLink, NewPreviewLink } from '../../domain/preview-links.ts';
import type { Sandbox } from '../../domain/sandbox.ts';
import {
  createProjectSandbox,
  deleteSandbox,
  NewProjectSandbox,
  SandboxPatch,
  startSandbox,
  stopSandbox,
  updateSandbox,
} from '../../domain/sandbox-commands.ts';
import { ProcessRestart, restartProcesses } from '../../domain/sandbox-io.ts';
import { viewSandbox, viewSandboxes } from '../../domain/sandbox-view.ts';
import { limitJson, readInput } from '../body.ts';
import type { AppContext, Env } from '../context.ts';
import { operation } from '../describe.ts';
import { idParam, keepsWorkspace, PAGE, page, pageQuery } from './params.ts';
import { presentSandbox } from './present.ts';
import { PreviewLinkBody, SandboxBody, SandboxListBody } from './schemas.ts';

const COMMAND_ERRORS = ['not_found', 'sandbox_unavailable', 'node_unavailable'] as const;
const START_ERRORS = [...COMMAND_ERRORS, 'conflict', 'sandbox_capacity'] as const;

async function answer(c: AppContext, sandbox: Sandbox) {
  const ports = c.get('ports');
  return presentSandbox(await viewSandbox(ports, sandbox), ports.instance.addressing);
}

export const sandboxes = new Hono<Env>()
  .use(limitJson)
  .get(
    '/',
    operation({
      id: 'listSandboxes',
      summary: 'List sandboxes, newest first',
      tag: 'Sandboxes',
      query: PAGE,
      ok: { 200: SandboxListBody },
      errors: ['invalid_request'],
    }),
    async (c) => {
      const ports = c.get('ports');
      const { owner } = c.get('principal');
      const { rows, next_before } = await page(pageQuery(c), (query) =>
        ports.store.sandboxes.list(owner, query),
      );
      const views = await viewSandboxes(ports, rows);
      const shown = views.map((view) => presentSandbox(view, ports.instance.addressing));
      return c.json({ sandboxes: shown, next_before });
    },
  )
  .post(
    '/',
    operation({
      id: 'createSandbox',
      summary: "Create a project's sandbox, or return the one it has",
      tag: 'Sandboxes',
      body: NewProjectSandbox,
      ok: { 200: SandboxBody, 201: SandboxBody },
      errors: ['invalid_request', 'payload_too_large', ...START_ERRORS],
    }),
    async (c) => {
      const input = await readInput(c, NewProjectSandbox);
      const made = await createProjectSandbox(c.get('ports'), c.get('principal').owner, input);
      c.set('auditTarget', { id: made.sandbox.id });
      return c.json(await answer(c, made.sandbox), made.created ? 201 : 200);
    },
  )
  .get(
    '/:id',
    operation({
      id: 'getSandbox',
      summary: 'Get a sandbox',
      tag: 'Sandboxes',
      ok: { 200: SandboxBody },
      errors: ['not_found'],
    }),
    async (c) => {
      const sandbox = await requireSandbox(c.get('ports'), c.get('principal').owner, idParam(c, 'sandbox'));
      return c.json(await answer(c, sandbox));
    },
  )
  .patch(
    '/:id',
    operation({
      id: 'updateSandbox',
      summary: 'Change visibility or idle policy',
      tag: 'Sandboxes',
      body: SandboxPatch,
      ok: { 200: SandboxBody },
      errors: ['invalid_request', 'conflict', 'payload_too_large', ...COMMAND_ERRORS],
    }),
    async (c) => {
      const id = idParam(c, 'sandbox');
      const patch = await readInput(c, SandboxPatch);
      return c.json(
        await answer(c, await updateSandbox(c.get('ports'), c.get('principal').owner, id, patch)),
      );
    },
  )
  .delete(
    '/:id',
    operation({
      id: 'deleteSandbox',
      summary: 'Destroy container and workspace',
      tag: 'Sandboxes',
      query: { workspace: 'keep: only the container goes; a later start finds the workspace' },
      ok: { 204: 'Deleted' },
      errors: ['invalid_request', 'task_in_progress', 'conflict', ...COMMAND_ERRORS],
    }),
    async (c) => {
      const id = idParam(c, 'sandbox');
      const remove = keepsWorkspace(c) ? stopSandbox : deleteSandbox;
      await remove(c.get('ports'), c.get('principal').owner, id);
      return c.body(null, 204);
    },
  )
  .post(
    '/:id/start',
    operation({
      id: 'startSandbox',
      summary: 'Start a sandbox; one that runs is left as it is',
      tag: 'Sandboxes',
      ok: { 200: SandboxBody },
      errors: START_ERRORS,
    }),
    async (c) =>
      c.json(
        await answer(c, await startSandbox(c.get('ports'), c.get('principal').owner, idParam(c, 'sandbox'))),
      ),
  )
  .post(
    '/:id/stop',
    operation({
      id: 'stopSandbox',
      summary: 'Stop a sandbox; its workspace stays, and the next visit wakes it',
      tag: 'Sandboxes',
      ok: { 200: SandboxBody },
      errors: ['task_in_progress', 'conflict', ...COMMAND_ERRORS],
    }),
    async (c) =>
      c.json(
        await answer(c, await stopSandbox(c.get('ports'), c.get('principal').owner, idParam(c, 'sandbox'))),
      ),
  )
  .post(
    '/:id/keepalive',
    operation({
      id: 'keepSandboxAwake',
      summary: 'Keep a sandbox from falling asleep for a while; one that sleeps is left asleep',
      description:
        '`until` is unix seconds or an RFC 3339 time, `seconds` counts from now: give one of them. It takes the place of an earlier one. What is asked beyond `lifecycle.keepalive_max_seconds` of the settings is cut to that; `keepalive_until` says what came of it.',
      tag: 'Sandboxes',
      body: Keepalive,
      ok: { 200: SandboxBody },
      errors: ['invalid_request', 'conflict', 'payload_too_large', ...COMMAND_ERRORS],
    }),
    async (c) => {
      const id = idParam(c, 'sandbox');
      const input = await readInput(c, Keepalive);
      return c.json(await answer(c, await keepAlive(c.get('ports'), c.get('principal').owner, id, input)));
    },
  )
  .post(
    '/:id/restart-processes',
    operation({
      id: 'restartProcesses',
      summary:
        'Restart processes now, after an install if one is needed; a sandbox that sleeps is left asleep',
      tag: 'Sandboxes',
      body: ProcessRestart,
      ok: { 200: SandboxBody },
      errors: ['invalid_request', 'payload_too_large', ...COMMAND_ERRORS],
    }),
    async (c) => {
      const id = idParam(c, 'sandbox');
      const { scope } = await readInput(c, ProcessRestart);
      return c.json(
        await answer(c, await restartProcesses(c.get('ports'), c.get('principal').owner, id, scope)),
      );
    },
  )
  .post(
    '/:id/preview-link',
    operation({
      id: 'createPreviewLink',
      summary: 'Make a link that opens a private preview for whoever holds it',
      tag: 'Sandboxes',
      body: NewPreviewLink,
      ok: { 200: PreviewLinkBody },
      creates: true,
      errors: ['invalid_request', 'not_found', 'payload_too_large'],
    }),
    async (c) => {
      const id = idParam(c, 'sandbox');
      const input = await readInput(c, NewPreviewLink);
      const { url, expiresAt } = await createPreviewLink(c.get('ports'), c.get('principal').owner, id, input);
      return c.json({ url, expires_at: timestamp(expiresAt) });
    },
  );
