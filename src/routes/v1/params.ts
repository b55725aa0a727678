import { invalid, notFound } from '../../domain/errors.ts';
import { parseId } from '../../domain/ids.ts';
import { type FileRoot } from '../../domain/paths.ts';
import { DELIVERY_STATUSES, type DeliveryStatus } from '../../domain/webhook.ts';
import type { AppContext } from '../context.ts';

/** The id in a path, in either case. What is no id cannot exist: 404, like one that does not. */
export function idParam(c: AppContext, what: string, name = 'id'): string {
  const id = parseId(c.req.param(name) ?? '');
  if (id === undefined) throw notFound(what);
  return id;
}

/** @throws invalid_request */
export function integerQuery(c: AppContext, name: string, fallback: number, max: number): number {
  const text = c.req.query(name);
  if (text === undefined) return fallback;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= max) return value;
  throw invalid(`${name}: give a whole number from 1 to ${max}.`);
}

/** @throws invalid_request */
export function booleanQuery(c: AppContext, name: string): boolean {
  const text = c.req.query(name);
  if (text === undefined || text === 'false' || text === '0') return false;
  if (text === 'true' || text === '1') return true;
  throw invalid(`${name}: give true or false.`);
}

/** @throws invalid_request */
export function rootQuery(c: AppContext): FileRoot {
  const root = c.req.query('root') ?? 'app';
  if (root === 'app' || root === 'home') return root;
  throw invalid('root: give app or home.');
}

/** How the query of a page is documented. */
export const PAGE = { limit: '1–200, default 50', before: 'the next_before of the page before' };

/** A page: its size, and the id that ended the page before it. @throws invalid_request */
export function pageQuery(c: AppContext): { limit: number; before?: string } {
  const limit = integerQuery(c, 'limit', 50, 200);
  const cursor = c.req.query('before');
  if (cursor === undefined) return { limit };
  const before = parseId(cursor);
  if (before === undefined) throw invalid('before: give the next_before of the page before.');
  return { limit, before };
}

/** Reads one row more than a page holds to learn whether another page follows. */
export async function page<Row extends { readonly id: string }>(
  { limit, before }: { limit: number; before?: string },
  read: (query: { limit: number; before?: string }) => Promise<Row[]>,
): Promise<{ rows: Row[]; next_before: string | undefined }> {
  const rows = await read({ limit: limit + 1, before });
  const shown = rows.slice(0, limit);
  return { rows: shown, next_before: rows.length > limit ? shown.at(-1)?.id : undefined };
}

/** The number of the last event that a stream's listener has seen; a browser says it when it comes back. */
export function resumePoint(c: AppContext): number {
  const header = c.req.header('last-event-id');
  const text = header ?? c.req.query('since');
  if (text === undefined) return 0;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const name = header === undefined ? 'since' : 'Last-Event-ID';
  throw invalid(`${name}: give the id of the last event seen, or 0 for all of them.`);
}

/** `?snapshots=delete`, of an app that is deleted. @throws invalid_request */
export function snapshotsQuery(c: AppContext): 'keep' | 'delete' {
  const snapshots = c.req.query('snapshots');
  if (snapshots === undefined) return 'keep';
  if (snapshots === 'delete') return 'delete';
  throw invalid('snapshots: the only value is "delete"; leave it out to keep the snapshots.');
}

/** `?workspace=keep`. @throws invalid_request */
export function keepsWorkspace(c: AppContext): boolean {
  const workspace = c.req.query('workspace');
  if (workspace === undefined) return false;
  if (workspace === 'keep') return true;
  throw invalid('workspace: the only value is "keep"; leave it out to delete the workspace too.');
}

/** `?status=dead`. @throws invalid_request */
export function deliveryStatusQuery(c: AppContext): DeliveryStatus | undefined {
  const text = c.req.query('status');
  const status = DELIVERY_STATUSES.find((one) => one === text);
  if (text === undefined || status !== undefined) return status;
  throw invalid(`status: give one of ${DELIVERY_STATUSES.join(', ')}.`);
}
