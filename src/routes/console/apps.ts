import { Hono } from 'hono';
import type { App } from '../../domain/app.ts';
import type { Ports } from '../../domain/ports.ts';
import type { SandboxView } from '../../domain/sandbox-view.ts';
import type { AppRow } from '../../views/models.ts';
import type { AppContext, Env } from '../context.ts';
import { page as pageOf, pageQuery } from '../v1/params.ts';
import { look, presetLabel } from './app-look.ts';
import { CHIPS, liveState } from './live-state.ts';
import { liveViews, previewOf } from './live-view.ts';
import { manifestNotice } from './manifest-notice.ts';
import { page } from './page.ts';
import { moment } from './relative-time.ts';
import { signedIn } from './visitor.ts';

const PAGE_SIZE = 20;

/** The front page: everything its visitor has. */
export const appList = new Hono<Env>().get('/', signedIn, async (c) => {
  const ports = c.get('ports');
  const { owner } = c.get('principal');
  const { before } = pageQuery(c);
  const { rows, next_before } = await pageOf({ limit: PAGE_SIZE, before }, (query) =>
    ports.store.apps.list(owner, query),
  );
  const views = await liveViews(ports, owner, rows);
  return page(c, 'apps', {
    apps: rows.map((app) => appRow(ports, app, views.get(app.id))),
    here: before === undefined ? '/' : `/?before=${before}`,
    isFirstPage: before === undefined,
    olderHref: next_before && `/?before=${next_before}`,
    origin: originOf(c),
  });
});

function appRow(ports: Ports, app: App, view: SandboxView | undefined): AppRow {
  const active = view?.seen?.lastActiveAt ?? view?.sandbox.lastActiveAt ?? app.updatedAt;
  return {
    id: app.id,
    name: app.name,
    ...look(app),
    preset: presetLabel(app, view?.sandbox),
    chip: CHIPS[liveState(view)],
    warning: manifestNotice(view),
    active: moment(active, ports.clock()),
    previewHref: previewOf(ports, view)?.href,
  };
}

/** How this visitor reaches the console; a front may have ended TLS. */
function originOf(c: AppContext): string {
  const { tls } = c.get('ports').instance.addressing;
  return `${tls ? 'https' : 'http'}://${c.req.header('host') ?? 'localhost'}`;
}
