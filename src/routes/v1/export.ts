import { Hono } from 'hono';
import { exportApp } from '../../domain/sandbox-io.ts';
import { requireSandbox } from '../../domain/require.ts';
import { attachment } from '../attachment.ts';
import type { AppContext, Env } from '../context.ts';
import { operation } from '../describe.ts';
import { idParam } from './params.ts';

export const exports = new Hono<Env>().get(
  '/:id/export',
  operation({
    id: 'exportSandbox',
    summary: 'The app directory as a zip archive; generated directories are left out',
    description:
      'Of a sandbox that runs or is stopped. Symbolic links that lead out of the app directory, sockets, pipes and devices are left out. An answer that ends without the end of its archive has failed on the way.',
    tag: 'Files',
    ok: { 200: 'application/zip, named after the app' },
    errors: [
      'not_found',
      'conflict',
      'payload_too_large',
      'sandbox_unavailable',
      'node_unavailable',
      'unavailable',
    ],
  }),
  (c) => exportAnswer(c, idParam(c, 'sandbox')),
);

/** Answers with the app of a sandbox for as long as somebody reads. */
export async function exportAnswer(c: AppContext, id: string): Promise<Response> {
  const { owner } = c.get('principal');
  const headers = { 'content-type': 'application/zip', 'cache-control': 'no-store' };
  if (c.req.method === 'HEAD') {
    // Nobody would read, or close, what it is about.
    await requireSandbox(c.get('ports'), owner, id);
    return c.body(null, 200, headers);
  }
  const { name, bytes } = await exportApp(c.get('ports'), owner, id, c.req.raw.signal);
  return c.body(bytes, 200, { ...headers, 'content-disposition': attachment(name, '.zip') });
}
