import { Hono } from 'hono';
import { invalid } from '../../domain/errors.ts';
import { EVENT_TYPES, type EventType } from '../../domain/event.ts';
import { parseId } from '../../domain/ids.ts';
import type { AppContext, Env } from '../context.ts';
import { operation } from '../describe.ts';
import { eventPage } from './event-page.ts';
import { PAGE } from './params.ts';
import { EventListBody } from './schemas.ts';

/** Everything that happened to the caller's things. */
export const events = new Hono<Env>().get(
  '/',
  operation({
    id: 'listEvents',
    summary: 'Everything that happened to what is yours, newest first',
    tag: 'Instance',
    query: {
      ...PAGE,
      type: 'only events of these types: several with commas between, or the parameter several times',
      app_id: 'only what is about this app, also when it is gone',
      sandbox_id: 'only what is about this sandbox, also when it is gone',
      task_id: 'only what is about this task',
    },
    ok: { 200: EventListBody },
    errors: ['invalid_request'],
  }),
  async (c) =>
    eventPage(c, {
      types: typesQuery(c),
      appId: idQuery(c, 'app_id'),
      sandboxId: idQuery(c, 'sandbox_id'),
      taskId: idQuery(c, 'task_id'),
    }),
);

const isKnown = (name: string): name is EventType => EVENT_TYPES.some((type) => type === name);

/** @throws invalid_request for a type that no event has: a filter that is misspelt would look like a quiet day */
function typesQuery(c: AppContext): EventType[] | undefined {
  const given = c.req.queries('type')?.flatMap((text) => text.split(',').map((name) => name.trim()));
  if (given === undefined) return undefined;
  if (given.every(isKnown)) return [...new Set(given)];
  throw invalid(`type: give types of events, with commas between. There are ${EVENT_TYPES.join(', ')}.`);
}

/** @throws invalid_request */
function idQuery(c: AppContext, name: string): string | undefined {
  const text = c.req.query(name);
  if (text === undefined) return undefined;
  const id = parseId(text);
  if (id === undefined) throw invalid(`${name}: is no id. Ids have 26 letters and digits.`);
  return id;
}
