import { Hono } from 'hono';
import type { Actor, AuditEntry } from '../../domain/audit.ts';
import { readAudit } from '../../domain/audit-reading.ts';
import { isOperator } from '../../domain/operators.ts';
import type { AuditRow } from '../../views/identity-models.ts';
import type { Chip } from '../../views/models.ts';
import type { Env } from '../context.ts';
import { page as pageOf, pageQuery } from '../v1/params.ts';
import { page } from './page.ts';
import { moment } from './relative-time.ts';

const PAGE_SIZE = 50;

/** Who asked for what: one's own requests, and for operators everybody's. */
export const auditPage = new Hono<Env>().get('/', async (c) => {
  const ports = c.get('ports');
  const { owner, via } = c.get('principal');
  const { before } = pageQuery(c);
  const { rows, next_before } = await pageOf({ limit: PAGE_SIZE, before }, (query) =>
    readAudit(ports, owner, query),
  );
  return page(c, 'audit', {
    entries: rows.map((entry) => rowOf(entry, owner, ports.clock())),
    ofEverybody: isOperator(ports.instance, owner),
    isFirstPage: before === undefined,
    olderHref: next_before && `/audit?before=${next_before}`,
    canSignOut: via === 'session',
  });
});

const rowOf = (entry: AuditEntry, reader: string, now: number): AuditRow => ({
  id: entry.id,
  at: moment(entry.at, now),
  who: nameOf(entry.actor),
  whoNote: [entry.owner === reader ? undefined : entry.owner, entry.address]
    .filter((part) => part !== undefined)
    .join(' · '),
  action: entry.action,
  target: Object.entries(entry.target).map(([name, value]) => ({ name, value })),
  result: resultOf(entry.status),
  requestId: entry.requestId,
});

const NAMES: Readonly<Record<Actor['kind'], string>> = {
  'api-key': 'API key',
  'configured-token': 'Configured token',
  session: 'Console',
  'auth-off': 'Sign-in is off',
  'command-line': 'Command line',
  unknown: 'A stranger',
};

const nameOf = ({ kind, name }: Actor): string =>
  name === undefined ? NAMES[kind] : `${NAMES[kind]} “${name}”`;

function resultOf(status: number): Chip {
  if (status < 400) return { label: 'Done', tone: 'ok' };
  return status < 500
    ? { label: `Refused, ${status}`, tone: 'warn' }
    : { label: `Failed, ${status}`, tone: 'bad' };
}
