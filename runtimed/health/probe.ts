import type { IncomingMessage } from 'node:http';
import { errnoOf } from '../regular-file.ts';
import { entryModule } from './entry-module.ts';

/** What one look at the web process found. */
export interface ProbeOutcome {
  /** It answered 200, and so did the module its page is made of. */
  readonly ok: boolean;
  /** The status of the health path; absent when nothing answered. */
  readonly status?: number;
  /** Something answers inside the sandbox, where no visitor comes. */
  readonly isHidden?: boolean;
}

export interface ProbeTarget {
  /** The address a visitor's request comes to. */
  readonly host: string;
  readonly port: number;
  readonly healthPath: string;
}

/** A page that says more than this before its first script is not one of Vite's. */
const MAX_PAGE_BYTES = 128 * 1024;
const NO_ANSWER: ProbeOutcome = { ok: false };
/** Nobody listens. */
const REFUSED: ProbeOutcome = { ok: false };
const HIDDEN: ProbeOutcome = { ok: false, isHidden: true };
/** Both its addresses: development servers like to listen on one of them. */
const LOOPBACK = 'localhost';

/**
 * Asks a web process whether it serves. For a page of a Vite app, its entry module is asked for too: the page itself
 * answers 200 however broken the app is. Redirects are not followed. Never rejects.
 * @param signal ends the probe; it then counts as unanswered
 */
export async function probe(target: ProbeTarget, signal: AbortSignal): Promise<ProbeOutcome> {
  const first = await look(target, signal);
  if (first !== REFUSED || !(await answers({ ...target, host: LOOPBACK }, signal))) return first;
  // It may have begun to listen in between.
  const second = await look(target, signal);
  return second === REFUSED ? HIDDEN : second;
}

async function look(target: ProbeTarget, signal: AbortSignal): Promise<ProbeOutcome> {
  const { healthPath } = target;
  try {
    const page = await get(target, healthPath, signal);
    if (page.status !== 200) return { ok: false, status: page.status };
    const entry = page.isHtml ? entryModule(page.body, healthPath) : undefined;
    if (entry === undefined) return { ok: true, status: 200 };
    const module = await get(target, entry, signal);
    // A module that does not exist is answered with the page again.
    return { ok: module.status === 200 && !module.isHtml, status: 200 };
  } catch (error) {
    // Reset, too slow, or not HTTP: all the same to a visitor.
    return errnoOf(error) === 'ECONNREFUSED' ? REFUSED : NO_ANSWER;
  }
}

/** Whether an app answers at all, in whatever way. */
const answers = (target: ProbeTarget, signal: AbortSignal): Promise<boolean> =>
  get(target, target.healthPath, signal).then(
    () => true,
    () => false,
  );

interface Answer {
  readonly status: number;
  readonly isHtml: boolean;
  /** The beginning of it, when it is HTML. */
  readonly body: string;
}

async function get({ host, port }: ProbeTarget, path: string, signal: AbortSignal): Promise<Answer> {
  // Loaded when it is needed: see `ControlServer.listen`.
  const { request } = await import('node:http');
  return new Promise((resolve, reject) => {
    const headers = { host: `localhost:${port}`, accept: 'text/html,*/*', 'user-agent': 'sandboxd-health' };
    const outgoing = request({ host, port, path, headers, agent: false, signal });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      response.on('error', reject);
      read(response).then(resolve, reject);
    });
    outgoing.end();
  });
}

async function read(response: IncomingMessage): Promise<Answer> {
  const status = response.statusCode ?? 0;
  const isHtml = /^text\/html\b/i.test(response.headers['content-type'] ?? '');
  const chunks: Buffer[] = [];
  let length = 0;
  if (status === 200 && isHtml) {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= MAX_PAGE_BYTES) break;
    }
  }
  // The rest is of no interest, and may never end.
  response.destroy();
  return { status, isHtml, body: Buffer.concat(chunks).toString('utf8') };
}
