import { Hono } from 'hono';
import type { Event } from '../../domain/event.ts';
import type { Ports } from '../../domain/ports.ts';
import type { ActivityEntry } from '../../views/activity-models.ts';
import type { Env } from '../context.ts';
import { page as pageOf, pageQuery } from '../v1/params.ts';
import { EVENT_KINDS, type EventKind, kindById, typesOf } from './event-kinds.ts';
import { page } from './page.ts';
import { timelineEntry } from './timeline.ts';

const PAGE_SIZE = 50;

/** Everything that happened to what its visitor has. */
export const activityPages = new Hono<Env>().get('/', async (c) => {
  const ports = c.get('ports');
  const { owner } = c.get('principal');
  const kind = kindById(c.req.query('kind'));
  const { before } = pageQuery(c);
  const { rows, next_before } = await pageOf({ limit: PAGE_SIZE, before }, (query) =>
    ports.store.events.list(owner, { ...query, types: kind && typesOf(kind) }),
  );
  return page(c, 'activity', {
    kinds: [
      { label: 'Everything', href: hrefOf(undefined), chosen: kind === undefined },
      ...EVENT_KINDS.map((one) => ({ label: one.label, href: hrefOf(one), chosen: one === kind })),
    ],
    entries: await entriesOf(ports, owner, rows),
    here: hrefOf(kind, before),
    newestHref: before && hrefOf(kind),
    olderHref: next_before && hrefOf(kind, next_before),
  });
});

function hrefOf(kind: EventKind | undefined, before?: string): string {
  const query = new URLSearchParams({ ...(kind && { kind: kind.id }), ...(before && { before }) });
  return query.size === 0 ? '/activity' : `/activity?${query}`;
}

/** Each with the app it is about, as long as there is one. */
async function entriesOf(ports: Ports, owner: string, events: readonly Event[]): Promise<ActivityEntry[]> {
  const ids = [...new Set(events.flatMap(({ appId }) => appId ?? []))];
  const apps = await Promise.all(ids.map((id) => ports.store.apps.find(owner, id)));
  const byId = new Map(apps.flatMap((app) => (app === undefined ? [] : [[app.id, app]])));
  const now = ports.clock();
  return events.map((event) => {
    const app = event.appId === undefined ? undefined : byId.get(event.appId);
    const link = app && { name: app.name, href: `/apps/${app.id}` };
    return { ...timelineEntry(event, now), app: link };
  });
}
