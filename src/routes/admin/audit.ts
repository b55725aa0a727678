import { Hono } from 'hono';
import type { Env } from '../context.ts';
import { presentAudit } from '../v1/audit.ts';
import { page, pageQuery } from '../v1/params.ts';

/** The audit log, of everybody or of one owner. */
export const adminAudit = new Hono<Env>().get('/', async (c) => {
  const owner = c.req.query('owner');
  const { rows, next_before } = await page(pageQuery(c), (query) =>
    c.get('ports').store.audit.list({ ...query, ...(owner !== undefined && { owner }) }),
  );
  return c.json({ entries: rows.map(presentAudit), next_before });
});
