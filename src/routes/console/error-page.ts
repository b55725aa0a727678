import type { ErrorCode, SandboxdError } from '../../domain/errors.ts';
import { renderView } from '../../views/render.ts';
import type { AppContext } from '../context.ts';
import { isPartial, page } from './page.ts';

const TITLES: Record<ErrorCode, string> = {
  invalid_request: 'That cannot be done',
  unauthorized: 'Please sign in',
  forbidden: 'Not allowed',
  not_found: 'Not found',
  conflict: 'Something else came first',
  task_in_progress: 'A task is running',
  payload_too_large: 'Too large',
  rate_limited: 'Too many requests',
  internal: 'Something failed',
  sandbox_unavailable: 'The sandbox does not answer',
  sandbox_capacity: 'No memory left',
  node_unavailable: 'The node does not answer',
  unavailable: 'Not available right now',
};

const NOT_FOUND = 'There is nothing here, or it was deleted.';

/** A failure for people: a page, or where only a part of a page was asked for, a message at the top of that page. */
export function errorPage(c: AppContext, error: SandboxdError): Response {
  if (isPartial(c)) return partialError(c, error);
  const message = error.code === 'not_found' ? NOT_FOUND : error.message;
  return page(c, 'error', { status: error.status, title: TITLES[error.code], message }, error.status);
}

function partialError(c: AppContext, error: SandboxdError): Response {
  if (error.code === 'not_found') whereNothingIs(c);
  return problemAt(c, '#flash', error.message, error.status);
}

/** A message for a place on the page that asked, whatever the rest of that page shows. */
export function problemAt(
  c: AppContext,
  place: string,
  message: string,
  status: SandboxdError['status'],
): Response {
  c.header('cache-control', 'no-store');
  // An action that failed may still have changed something. (A look that failed would only fail again.)
  if (c.req.method === 'POST') c.header('hx-trigger', 'refresh');
  c.header('hx-retarget', place);
  c.header('hx-reswap', 'innerHTML');
  c.header('hx-reselect', '#problem');
  return c.html(renderView('problem', { message }), status);
}

/** An action may have missed a part of what the page shows; a page that is not there itself leads to the app list. */
function whereNothingIs(c: AppContext): void {
  if (c.req.method === 'GET') c.header('hx-redirect', '/');
  else c.header('hx-refresh', 'true');
}
