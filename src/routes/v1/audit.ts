import { Hono } from 'hono';
import type * as v from 'valibot';
import type { AuditEntry } from '../../domain/audit.ts';
import { readAudit } from '../../domain/audit-reading.ts';
import { timestamp } from '../../domain/ids.ts';
import type { Env } from '../context.ts';
import { operation } from '../describe.ts';
import { AuditListBody } from './identity-schemas.ts';
import { PAGE, page, pageQuery } from './params.ts';

export const presentAudit = (entry: AuditEntry): v.InferOutput<typeof AuditListBody>['entries'][number] => ({
  id: entry.id,
  owner: entry.owner,
  actor: entry.actor,
  action: entry.action,
  target: entry.target,
  status: entry.status,
  request_id: entry.requestId,
  address: entry.address,
  created_at: timestamp(entry.at),
});

/** Who asked for what. */
export const auditLog = new Hono<Env>().get(
  '/',
  operation({
    id: 'listAudit',
    summary: 'List who asked for what, newest first: your own requests; as an operator, everybody’s',
    tag: 'Identity',
    query: { ...PAGE, owner: 'of this owner alone; another one than yourself for operators' },
    ok: { 200: AuditListBody },
    errors: ['invalid_request', 'forbidden'],
  }),
  async (c) => {
    const owner = c.req.query('owner');
    const { rows, next_before } = await page(pageQuery(c), (query) =>
      readAudit(c.get('ports'), c.get('principal').owner, {
        ...query,
        ...(owner !== undefined && { owner }),
      }),
    );
    return c.json({ entries: rows.map(presentAudit), next_before });
  },
);
