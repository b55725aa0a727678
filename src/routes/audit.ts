import type { MiddlewareHandler } from 'hono';
import type { Actor, AuditEntry } from '../domain/audit.ts';
import { parseId } from '../domain/ids.ts';
import type { Principal } from '../domain/identity.ts';
import { shorten } from '../domain/shorten.ts';
import type { AppContext, Env } from './context.ts';
import { isSafe } from './identity.ts';
import { peerAddress } from './peer.ts';
import { routePattern } from './route-pattern.ts';

/** A parameter that is a secret itself: that of a login link. */
const SECRET = 'secret';
const LONGEST_NAME = 300;
/** Where nothing goes by what was sent as a name, it may have been anything: a value that got into the path, say. */
const NAMES_NOTHING: ReadonlySet<number> = new Set([400, 404]);

/** Strangers must not fill the database: of what they ask for, so many entries a minute are kept. */
const STRANGERS_A_MINUTE = 20;
const MINUTE_MS = 60_000;

/**
 * Records every request that may change something, and how it was answered: before the answer goes out, but whether it works
 * changes nothing about that.
 * @param anybody whose a request is that nobody was recognised by
 */
export function audited(anybody: Actor): MiddlewareHandler<Env> {
  const strangers = new Allowance(STRANGERS_A_MINUTE);
  return async (c, next) => {
    await next();
    if (isSafe(c.req.method)) return;
    const entry = entryOf(c, anybody);
    const { store, clock, log } = c.get('ports');
    if (entry.actor.kind === 'unknown' && !strangers.take(clock())) {
      log.warn('a stranger’s request was left out of the audit log', { status: entry.status });
      return;
    }
    try {
      await store.commit({ kind: 'audit', entry });
    } catch (error) {
      log.error('a request was not recorded in the audit log', error, { action: entry.action });
    }
  };
}

function entryOf(c: AppContext, anybody: Actor): AuditEntry {
  const { newId, clock } = c.get('ports');
  const principal = c.get('principal') as Principal | undefined;
  const pattern = routePattern(c);
  const address = anybody.kind === 'command-line' ? undefined : peerAddress(c);
  return {
    id: newId(),
    actor: principal?.actor ?? anybody,
    action: `${c.req.method} ${pattern}`,
    target: targetOf(c, pattern),
    status: c.res.status,
    requestId: c.get('requestId'),
    at: clock(),
    ...(principal !== undefined && { owner: principal.owner }),
    ...(address !== undefined && { address }),
  };
}

/** What stands in the path for the pattern's parameters, and what the handler has added. */
function targetOf(c: AppContext, pattern: string): Record<string, string> {
  const parts = c.req.path.split('/');
  const parameters = pattern.split('/').flatMap((part, at) => {
    return part.startsWith(':') ? [[part.slice(1), decoded(parts[at] ?? '')] as const] : [];
  });
  const target: Record<string, string> = {};
  const isNothing = NAMES_NOTHING.has(c.res.status);
  for (const [name, text] of [...parameters, ...Object.entries(c.get('auditTarget') ?? {})]) {
    const value = isNothing ? parseId(text) : fit(name, text);
    if (value !== undefined) target[name] = value;
  }
  return target;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // It was no encoding: then it is what was meant.
    return part;
  }
}

/** Undefined for a secret, and for what should be an id and is none: it may be a secret that slipped in. */
function fit(name: string, text: string): string | undefined {
  if (name === SECRET) return undefined;
  return /id$/i.test(name) ? parseId(text) : shorten(text, LONGEST_NAME);
}

/** So many in a minute. */
class Allowance {
  readonly #most: number;
  #minute = 0;
  #taken = 0;

  constructor(most: number) {
    this.#most = most;
  }

  take(now: number): boolean {
    const minute = Math.floor(now / MINUTE_MS);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#taken = 0;
    }
    this.#taken += 1;
    return this.#taken <= this.#most;
  }
}
