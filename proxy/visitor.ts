import type { IncomingMessage } from 'node:http';

/** Names that crawlers, link previews and uptime monitors give themselves. Browsers under test are no robots. */
const ROBOT =
  /bot\b|bot[/_-]|crawl|spider|slurp|facebookexternalhit|embedly|bingpreview|whatsapp|skypeuripreview|pingdom|uptime|statuscake|site24x7|kube-probe|healthcheck|googlehc/i;

/** Somebody opens a page: they can be shown one. */
export function isNavigation({ method, headers }: IncomingMessage): boolean {
  if (method !== 'GET') return false;
  const mode = headers['sec-fetch-mode'];
  return mode === undefined ? (headers.accept ?? '').includes('text/html') : mode === 'navigate';
}

/** Whether somebody waits for this answer, so that it is worth waking a sandbox and keeping it awake. */
export function isHolding(req: IncomingMessage): boolean {
  return req.method !== 'HEAD' && !isPrefetch(req) && !ROBOT.test(req.headers['user-agent'] ?? '');
}

function isPrefetch({ headers }: IncomingMessage): boolean {
  return [headers['sec-purpose'], headers['purpose'], headers['x-purpose'], headers['x-moz']].some(
    (purpose) => purpose !== undefined && /prefetch|prerender|preview/i.test(String(purpose)),
  );
}
