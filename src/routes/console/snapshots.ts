import { Hono } from 'hono';
import * as v from 'valibot';
import type { App } from '../../domain/app.ts';
import { invalid, notFound, SandboxdError } from '../../domain/errors.ts';
import { forkApp } from '../../domain/fork-commands.ts';
import { requireApp, requireSnapshot } from '../../domain/require.ts';
import { restoreApp } from '../../domain/restore-commands.ts';
import { deleteSnapshot, requireEnded } from '../../domain/snapshot-commands.ts';
import { ForkInput, type Snapshot } from '../../domain/snapshot.ts';
import type { AppContext, Env } from '../context.ts';
import { idParam, pageQuery } from '../v1/params.ts';
import { appOf } from './app-of.ts';
import { appPage } from './app-page.ts';
import { capture } from './capture-form.ts';
import { problemAt } from './error-page.ts';
import { readForm } from './form.ts';
import { isPartial, page } from './page.ts';
import { forkQuestion, restoreQuestion, snapshotQuestion } from './snapshot-questions.ts';
import { snapshotsPage } from './snapshots-page.ts';

/** The snapshots of an app: taking them, and what can be made of them. What takes something away asks first. */
export const snapshotPages = new Hono<Env>()
  .get('/:id/snapshots', async (c) => {
    const app = await appOf(c);
    const { before } = pageQuery(c);
    return page(c, 'snapshots', await snapshotsPage(c.get('ports'), app, { before }));
  })
  .post('/:id/snapshots', async (c) => {
    const app = await appOf(c);
    const form = await readForm(c);
    try {
      await capture(c.get('ports'), app, form.get('name') ?? '');
    } catch (error) {
      if (!(error instanceof SandboxdError)) throw error;
      return refuse(c, app, form, error);
    }
    return c.redirect(isFromHistory(form) ? `/apps/${app.id}/snapshots` : `/apps/${app.id}`, 303);
  })
  .get('/:id/snapshots/:snapshotId/restore', async (c) => {
    const { app, snapshot } = await readyOf(c);
    return page(c, 'snapshot-restore', await restoreQuestion(c.get('ports'), app, snapshot));
  })
  .post('/:id/snapshots/:snapshotId/restore', async (c) => {
    const { app, snapshot } = await readyOf(c);
    const ports = c.get('ports');
    try {
      await restoreApp(ports, app.owner, app.id, { snapshot_id: snapshot.id });
    } catch (error) {
      const { message, status } = told(error);
      return page(c, 'snapshot-restore', await restoreQuestion(ports, app, snapshot, message), status);
    }
    return c.redirect(`/apps/${app.id}`, 303);
  })
  .get('/:id/snapshots/:snapshotId/fork', async (c) => {
    const { app, snapshot } = await readyOf(c);
    return page(c, 'snapshot-fork', forkQuestion(c.get('ports'), app, snapshot));
  })
  .post('/:id/snapshots/:snapshotId/fork', async (c) => {
    const { app, snapshot } = await readyOf(c);
    const name = (await readForm(c)).get('name') ?? undefined;
    const ask = (more: { nameProblem?: string; problem?: string }) =>
      forkQuestion(c.get('ports'), app, snapshot, { forkName: name, ...more });
    const input = v.safeParse(ForkInput, { snapshot_id: snapshot.id, name });
    if (!input.success) {
      const nameProblem = `The name ${input.issues[0].message}.`;
      return page(c, 'snapshot-fork', ask({ nameProblem }), 400);
    }
    try {
      const fork = await forkApp(c.get('ports'), app.owner, app.id, input.output);
      return c.redirect(`/apps/${fork.app.id}`, 303);
    } catch (error) {
      const { message, status } = told(error);
      return page(c, 'snapshot-fork', ask({ problem: message }), status);
    }
  })
  .get('/:id/snapshots/:snapshotId/delete', async (c) => {
    const { app, snapshot } = await snapshotOf(c);
    requireEnded(snapshot);
    return page(c, 'snapshot-delete', snapshotQuestion(c.get('ports'), app, snapshot));
  })
  .post('/:id/snapshots/:snapshotId/delete', async (c) => {
    const { app, snapshot } = await snapshotOf(c);
    requireEnded(snapshot);
    const ports = c.get('ports');
    try {
      await deleteSnapshot(ports, app.owner, snapshot.id);
    } catch (error) {
      const { message, status } = told(error);
      return page(c, 'snapshot-delete', snapshotQuestion(ports, app, snapshot, message), status);
    }
    return c.redirect(`/apps/${app.id}/snapshots`, 303);
  });

/** A snapshot of this app. @throws not_found also for one of another app */
async function snapshotOf(c: AppContext): Promise<{ app: App; snapshot: Snapshot }> {
  const app = await appOf(c);
  const snapshot = await requireSnapshot(c.get('ports'), app.owner, idParam(c, 'snapshot', 'snapshotId'));
  if (snapshot.sourceAppId !== app.id) throw notFound('snapshot');
  return { app, snapshot };
}

/** One that something can be made from. @throws not_found, invalid_request */
async function readyOf(c: AppContext): Promise<{ app: App; snapshot: Snapshot }> {
  const found = await snapshotOf(c);
  if (found.snapshot.status === 'ready') return found;
  throw invalid(
    found.snapshot.status === 'capturing'
      ? 'The snapshot is still being captured. Wait until it is ready.'
      : 'The capture of this snapshot failed, so that there is nothing to make an app from. Choose another one.',
  );
}

/** A failure that is told on the page that asked. @throws what has another page, or is a defect */
function told(error: unknown): SandboxdError {
  if (!(error instanceof SandboxdError) || error.code === 'not_found' || error.code === 'internal')
    throw error;
  return error;
}

const isFromHistory = (form: URLSearchParams): boolean => form.get('from') === 'history';

/** Says beside the form what was wrong, and keeps what was written there. */
async function refuse(c: AppContext, app: App, form: URLSearchParams, error: SandboxdError) {
  const ports = c.get('ports');
  if (error.status >= 500) ports.log.warn('a snapshot was not taken', { appId: app.id, code: error.code });
  if (isPartial(c)) return problemAt(c, '#capture-problem', error.message, error.status);
  const refusedCapture = { name: form.get('name') ?? '', problem: error.message };
  // It may have lost its sandbox meanwhile, or got another one.
  const current = await requireApp(ports, app.owner, app.id);
  return isFromHistory(form)
    ? page(c, 'snapshots', await snapshotsPage(ports, current, { refusedCapture }), error.status)
    : page(c, 'app', await appPage(ports, app.owner, current, { refusedCapture }), error.status);
}
