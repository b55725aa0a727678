import type { ErrorHandler, NotFoundHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { asSandboxdError, notFound, SandboxdError } from '../domain/errors.ts';
import type { Ports } from '../domain/ports.ts';
import { errorPage } from './console/error-page.ts';
import type { AppContext, Env } from './context.ts';
import { retryAfter } from './retry-after.ts';

/** Renders any failure, as the envelope or as a page, logging in full what callers may not see. */
export const renderError: ErrorHandler<Env> = (thrown, c) => {
  const error = thrown instanceof HTTPException ? fromHttp(thrown) : asSandboxdError(thrown);
  const ports: Ports | undefined = c.get('ports');
  if (error.status >= 500) {
    ports?.log.error(error.message, error.cause ?? error, {
      method: c.req.method,
      path: pathForLog(c),
      code: error.code,
    });
  }
  retryAfter(c, error);
  if (error.code === 'unauthorized') c.header('www-authenticate', 'Bearer realm="sandboxd"');
  return represent(c, error.status >= 500 ? redacted(error, ports) : error);
};

/** What a failure of ours says may come from far: from a provider, an engine, a program. */
const redacted = (error: SandboxdError, ports: Ports | undefined): SandboxdError =>
  ports === undefined
    ? error
    : new SandboxdError(error.code, ports.redactor.text(error.message), { cause: error });

export const renderNotFound: NotFoundHandler<Env> = (c) =>
  represent(c, notFound(`route: ${c.req.method} ${c.req.path}`));

const represent = (c: AppContext, error: SandboxdError): Response =>
  wantsPage(c) ? errorPage(c, error) : c.json(error.toEnvelope(), error.status);

/** The API answers JSON whatever it is asked for; elsewhere people get a page. */
function wantsPage(c: AppContext): boolean {
  const isApi = c.req.path === '/v1' || c.req.path.startsWith('/v1/');
  return !isApi && (c.req.header('accept') ?? '').includes('text/html');
}

/** A login link's path is its secret. */
const pathForLog = (c: AppContext): string => c.req.path.replace(/^\/login\/.+/, '/login/…');

/** What Hono's own middleware throws, in the envelope's terms. */
function fromHttp(thrown: HTTPException): SandboxdError {
  const code =
    thrown.status === 413 ? 'payload_too_large' : thrown.status < 500 ? 'invalid_request' : 'internal';
  return new SandboxdError(code, thrown.message || 'The request cannot be read.', { cause: thrown });
}
