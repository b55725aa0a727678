import { issueLoginLink } from '../../src/domain/auth.ts';
import type { ApiWorld } from './api-world.ts';

/** What a form holds; several values under one name are as many fields. */
export type Fields = Readonly<Record<string, string | readonly string[]>>;

/** A browser reduced to its manners: it keeps one cookie, sends its forms with Origin and token, follows nothing. */
export interface Visitor {
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** Sends a form; the session's token goes along unless `fields` names another. */
  post(path: string, fields?: Fields, headers?: Record<string, string>): Promise<Response>;
  /** Its session's cookie, as `name=value`. */
  readonly cookie: string | undefined;
}

export const HOST = 'console.localhost:8080';
const MANNERS = { host: HOST, accept: 'text/html,application/xhtml+xml' };

export function stranger(world: ApiWorld, cookie?: string, csrfToken?: string): Visitor {
  const held: Record<string, string> = cookie === undefined ? {} : { cookie };
  return {
    cookie,
    get: async (path, headers) => world.app.request(path, { headers: { ...MANNERS, ...held, ...headers } }),
    post: async (path, fields = {}, headers) =>
      world.app.request(path, {
        method: 'POST',
        headers: { ...MANNERS, ...held, origin: `http://${HOST}`, ...headers },
        body: formOf({ ...(csrfToken !== undefined && { csrf_token: csrfToken }), ...fields }),
      }),
  };
}

const formOf = (fields: Fields): URLSearchParams =>
  new URLSearchParams(
    Object.entries(fields).flatMap(([name, values]) => [values].flat().map((value) => [name, value])),
  );

/** A visitor who came in by a login link. */
export async function signedInVisitor(world: ApiWorld, owner = 'default'): Promise<Visitor> {
  const entered = await stranger(world).post(`/login/${await issueLoginLink(world.ports, owner)}`);
  const cookie = entered.headers.get('set-cookie')?.split(';')[0];
  if (cookie === undefined) throw new Error(`the login link gave no session: ${entered.status}`);
  const page = await (await stranger(world, cookie).get('/apps/new')).text();
  return stranger(world, cookie, /name="csrf_token" value="([0-9a-f]{64})"/.exec(page)?.[1]);
}
