import { Hono } from 'hono';
import * as v from 'valibot';
import { issueLoginLink } from '../../domain/auth.ts';
import { GarbageOptions, type GarbageReport } from '../../domain/garbage.ts';
import type { Ports } from '../../domain/ports.ts';
import type { RotationReport } from '../../domain/rotation.ts';
import { consoleUrl } from '../../domain/preview.ts';
import { forgetPassword } from '../../domain/password-commands.ts';
import { audited } from '../audit.ts';
import { readInput } from '../body.ts';
import type { Env } from '../context.ts';
import { renderError, renderNotFound } from '../errors.ts';
import { requestIds } from '../request-id.ts';
import { adminAudit } from './audit.ts';
import { adminTokens } from './tokens.ts';

const LinkInput = v.object({ recover: v.optional(v.boolean('must be true or false'), false) });
const BackupInput = v.object({ keys: v.optional(v.string('must be a string')) });

export interface AdminActions {
  readonly pid: number;
  /** Puts every sandbox to sleep and ends the process. Returns at once. */
  readonly shutDown: () => void;
  /**
   * A backup, as the bytes of its file.
   * @param keys the installation's keys, sealed; undefined to leave them out
   */
  readonly backup: (keys: string | undefined, signal: AbortSignal) => ReadableStream<Uint8Array>;
  readonly collectGarbage: (options: GarbageOptions) => Promise<GarbageReport>;
  /** @throws conflict while another one is under way */
  readonly rotateSecrets: (signal: AbortSignal) => Promise<RotationReport>;
}

/** What the command line asks of a running server. Served on a socket of its own: who can open that may do all this. */
export function createAdminApp(ports: Ports, actions: AdminActions) {
  const url = consoleUrl(ports.instance.addressing);
  return new Hono<Env>()
    .onError(renderError)
    .notFound(renderNotFound)
    .use(requestIds)
    .use(async (c, next) => {
      c.set('ports', ports);
      await next();
    })
    .use(audited({ kind: 'command-line' }))
    .get('/admin/status', async (c) =>
      c.json({
        version: ports.instance.version,
        pid: actions.pid,
        url,
        sandboxes: await ports.store.sandboxes.count(),
      }),
    )
    .post('/admin/login-link', async (c) => {
      const { recover } = await readInput(c, LinkInput);
      c.set('auditTarget', { recover: String(recover) });
      if (recover) await forgetPassword(ports);
      const secret = await issueLoginLink(ports);
      return c.json({ url: `${url}/login/${secret}` }, 201);
    })
    .route('/admin/tokens', adminTokens)
    .route('/admin/audit', adminAudit)
    .post('/admin/backup', async (c) => {
      const { keys } = await readInput(c, BackupInput);
      return c.body(actions.backup(keys, c.req.raw.signal), 200, { 'content-type': 'application/x-tar' });
    })
    .post('/admin/gc', async (c) => c.json(await actions.collectGarbage(await readInput(c, GarbageOptions))))
    .post('/admin/secrets/rotate', async (c) => c.json(await actions.rotateSecrets(c.req.raw.signal)))
    .post('/admin/down', (c) => {
      actions.shutDown();
      return c.body(null, 202);
    });
}
