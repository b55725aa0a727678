import { Hono } from 'hono';
import { forkApp } from '../../domain/fork-commands.ts';
import { requireApp, requireSnapshot } from '../../domain/require.ts';
import { restoreApp } from '../../domain/restore-commands.ts';
import { viewSandbox } from '../../domain/sandbox-view.ts';
import { ForkInput, NewSnapshot, RestoreInput, type Snapshot } from '../../domain/snapshot.ts';
import { captureProgress, captureSnapshot, deleteSnapshot } from '../../domain/snapshot-commands.ts';
import type { SnapshotQuery } from '../../domain/store.ts';
import { limitJson, readInput } from '../body.ts';
import type { AppContext, Env } from '../context.ts';
import { operation } from '../describe.ts';
import { idParam, PAGE, page, pageQuery } from './params.ts';
import { presentApp, presentSandbox } from './present.ts';
import { presentSnapshot } from './present-snapshot.ts';
import { SandboxBody } from './schemas.ts';
import { ForkBody, SnapshotBody, SnapshotListBody } from './snapshot-schemas.ts';

const MAKING_ERRORS = [
  'invalid_request',
  'not_found',
  'conflict',
  'payload_too_large',
  'sandbox_unavailable',
  'sandbox_capacity',
  'node_unavailable',
  'unavailable',
] as const;

async function answer(c: AppContext, snapshot: Snapshot) {
  const progress = await captureProgress(c.get('ports'), [snapshot]);
  return presentSnapshot(snapshot, progress.get(snapshot.id));
}

/** A page of the caller's snapshots, all of them or those of one app. */
async function snapshotPage(c: AppContext, of: Pick<SnapshotQuery, 'appId'>) {
  const ports = c.get('ports');
  const { owner } = c.get('principal');
  const { rows, next_before } = await page(pageQuery(c), (query) =>
    ports.store.snapshots.list(owner, { ...query, ...of }),
  );
  const progress = await captureProgress(ports, rows);
  return { snapshots: rows.map((row) => presentSnapshot(row, progress.get(row.id))), next_before };
}

/** Snapshots by themselves. */
export const snapshots = new Hono<Env>()
  .use(limitJson)
  .get(
    '/',
    operation({
      id: 'listSnapshots',
      summary: 'List snapshots, newest first',
      tag: 'Snapshots',
      query: PAGE,
      ok: { 200: SnapshotListBody },
      errors: ['invalid_request'],
    }),
    async (c) => c.json(await snapshotPage(c, {})),
  )
  .post(
    '/',
    operation({
      id: 'createSnapshot',
      summary: 'Capture the workspace of a sandbox',
      description:
        'A sandbox that runs is captured only with `live`, and stands still for a moment then. Answers when the capture has ended, or after most of a minute: `status` says which.',
      tag: 'Snapshots',
      body: NewSnapshot,
      ok: { 201: SnapshotBody },
      errors: ['invalid_request', 'not_found', 'conflict', 'payload_too_large', 'unavailable'],
    }),
    async (c) => {
      const input = await readInput(c, NewSnapshot);
      const snapshot = await captureSnapshot(c.get('ports'), c.get('principal').owner, input);
      c.set('auditTarget', { id: snapshot.id });
      return c.json(await answer(c, snapshot), 201);
    },
  )
  .get(
    '/:id',
    operation({
      id: 'getSnapshot',
      summary: 'Get a snapshot',
      tag: 'Snapshots',
      ok: { 200: SnapshotBody },
      errors: ['not_found'],
    }),
    async (c) => {
      const id = idParam(c, 'snapshot');
      return c.json(await answer(c, await requireSnapshot(c.get('ports'), c.get('principal').owner, id)));
    },
  )
  .delete(
    '/:id',
    operation({
      id: 'deleteSnapshot',
      summary: 'Delete a snapshot; what was made from it stays',
      tag: 'Snapshots',
      ok: { 204: 'Deleted' },
      errors: ['not_found', 'conflict'],
    }),
    async (c) => {
      await deleteSnapshot(c.get('ports'), c.get('principal').owner, idParam(c, 'snapshot'));
      return c.body(null, 204);
    },
  );

/** The snapshots of an app, and what is made from them. */
export const appSnapshots = new Hono<Env>()
  .get(
    '/:id/snapshots',
    operation({
      id: 'listAppSnapshots',
      summary: 'The snapshots of an app, newest first; also of sandboxes it no longer has',
      tag: 'Snapshots',
      query: PAGE,
      ok: { 200: SnapshotListBody },
      errors: ['invalid_request', 'not_found'],
    }),
    async (c) => {
      const app = await requireApp(c.get('ports'), c.get('principal').owner, idParam(c, 'app'));
      return c.json(await snapshotPage(c, { appId: app.id }));
    },
  )
  .post(
    '/:id/restore',
    limitJson,
    operation({
      id: 'restoreApp',
      summary: 'Replace the sandbox of an app by a fresh one from a snapshot',
      description:
        'What the sandbox holds is captured first, which shows among the snapshots with the cause `safety`. When anything fails, the app is as it was.',
      tag: 'Snapshots',
      body: RestoreInput,
      ok: { 201: SandboxBody },
      errors: ['task_in_progress', ...MAKING_ERRORS],
    }),
    async (c) => {
      const ports = c.get('ports');
      const id = idParam(c, 'app');
      const input = await readInput(c, RestoreInput);
      c.set('auditTarget', { snapshotId: input.snapshot_id });
      const sandbox = await restoreApp(ports, c.get('principal').owner, id, input);
      return c.json(presentSandbox(await viewSandbox(ports, sandbox), ports.instance.addressing), 201);
    },
  )
  .post(
    '/:id/fork',
    limitJson,
    operation({
      id: 'forkApp',
      summary: 'Make a new app, with its sandbox, from a snapshot',
      description:
        'The name is "<source> (fork)" unless one is given. Description and tags are taken over, external ids and configuration are not.',
      tag: 'Snapshots',
      body: ForkInput,
      ok: { 201: ForkBody },
      errors: MAKING_ERRORS,
    }),
    async (c) => {
      const ports = c.get('ports');
      const id = idParam(c, 'app');
      const input = await readInput(c, ForkInput);
      c.set('auditTarget', { snapshotId: input.snapshot_id });
      const { app, sandbox } = await forkApp(ports, c.get('principal').owner, id, input);
      const view = await viewSandbox(ports, sandbox);
      return c.json({ app: presentApp(app), sandbox: presentSandbox(view, ports.instance.addressing) }, 201);
    },
  );
