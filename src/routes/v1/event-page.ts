import type { EventQuery } from '../../domain/store.ts';
import type { AppContext } from '../context.ts';
import { page, pageQuery } from './params.ts';
import { presentEvent } from './present.ts';

/** Answers with a page of the caller's events: of all, or those about one thing. */
export async function eventPage(c: AppContext, about: Omit<EventQuery, 'before' | 'limit'>) {
  const { store } = c.get('ports');
  const { owner } = c.get('principal');
  const { rows, next_before } = await page(pageQuery(c), (query) =>
    store.events.list(owner, { ...query, ...about }),
  );
  return c.json({ events: rows.map(presentEvent), next_before });
}
