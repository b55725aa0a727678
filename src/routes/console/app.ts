import { Hono } from 'hono';
import { notFound } from '../../domain/errors.ts';
import { createPreviewLink } from '../../domain/preview-links.ts';
import { deleteApp } from '../../domain/app-commands.ts';
import type { Ports } from '../../domain/ports.ts';
import { restartProcesses } from '../../domain/sandbox-io.ts';
import { createAppSandbox, startSandbox, stopSandbox } from '../../domain/sandbox-commands.ts';
import type { Env } from '../context.ts';
import { exportAnswer } from '../v1/export.ts';
import { idParam } from '../v1/params.ts';
import { appOf } from './app-of.ts';
import { appPage } from './app-page.ts';
import { readForm } from './form.ts';
import { isPartial, page } from './page.ts';

/** A working day: as long as somebody leaves a page open. */
const PREVIEW_SECONDS = 12 * 3600;
/** Beyond that, nobody wants to know how many it is exactly. */
const MAX_COUNT = 100;

/** One app: what it is doing, and what can be done with it. Every action ends on the page that shows its outcome. */
export const appPages = new Hono<Env>()
  .get('/:id', async (c) => {
    const app = await appOf(c);
    return page(
      c,
      'app',
      await appPage(c.get('ports'), c.get('principal').owner, app, {
        process: c.req.query('process'),
        isPartial: isPartial(c),
      }),
    );
  })
  .get('/:id/preview', async (c) => {
    const { currentSandboxId } = await appOf(c);
    if (currentSandboxId === undefined) throw notFound('preview');
    const lasts = { ttl_s: PREVIEW_SECONDS };
    const { url } = await createPreviewLink(
      c.get('ports'),
      c.get('principal').owner,
      currentSandboxId,
      lasts,
    );
    c.header('cache-control', 'no-store');
    return c.redirect(url, 303);
  })
  .get('/:id/download', async (c) => {
    const { currentSandboxId } = await appOf(c);
    if (currentSandboxId === undefined) throw notFound('sandbox');
    return exportAnswer(c, currentSandboxId);
  })
  .post('/:id/start', async (c) => {
    const app = await appOf(c);
    const { owner } = c.get('principal');
    if (app.currentSandboxId === undefined) await createAppSandbox(c.get('ports'), owner, app.id, {});
    else await startSandbox(c.get('ports'), owner, app.currentSandboxId);
    return c.redirect(`/apps/${app.id}`, 303);
  })
  .post('/:id/stop', async (c) => {
    const app = await appOf(c);
    if (app.currentSandboxId !== undefined) {
      await stopSandbox(c.get('ports'), c.get('principal').owner, app.currentSandboxId);
    }
    return c.redirect(`/apps/${app.id}`, 303);
  })
  .post('/:id/restart-processes', async (c) => {
    const app = await appOf(c);
    if (app.currentSandboxId === undefined) throw notFound('sandbox');
    await restartProcesses(c.get('ports'), c.get('principal').owner, app.currentSandboxId, 'all');
    return c.redirect(`/apps/${app.id}`, 303);
  })
  .post('/:id/restart', async (c) => {
    const app = await appOf(c);
    const { owner } = c.get('principal');
    if (app.currentSandboxId === undefined) throw notFound('sandbox');
    await stopSandbox(c.get('ports'), owner, app.currentSandboxId);
    await startSandbox(c.get('ports'), owner, app.currentSandboxId);
    return c.redirect(`/apps/${app.id}`, 303);
  })
  .get('/:id/delete', async (c) => {
    const { id, name, owner } = await appOf(c);
    return page(c, 'app-delete', { id, name, snapshots: await snapshotCount(c.get('ports'), owner, id) });
  })
  .post('/:id/delete', async (c) => {
    const snapshots = (await readForm(c)).get('snapshots') === 'delete' ? 'delete' : 'keep';
    await deleteApp(c.get('ports'), c.get('principal').owner, idParam(c, 'app'), snapshots);
    return c.redirect('/', 303);
  });

/** How many snapshots an app has, for people; undefined for none. */
async function snapshotCount(ports: Ports, owner: string, appId: string): Promise<string | undefined> {
  const { length } = await ports.store.snapshots.list(owner, { appId, limit: MAX_COUNT + 1 });
  if (length === 0) return undefined;
  if (length === 1) return '1 snapshot is';
  return length > MAX_COUNT ? `more than ${MAX_COUNT} snapshots are` : `${length} snapshots are`;
}
