import { Hono } from 'hono';
import {
  changePassword,
  hasPassword,
  logIn,
  PasswordChange,
  PasswordLogin,
  PasswordSetup,
  setUpPassword,
} from '../../domain/password-commands.ts';
import { DEFAULT_OWNER } from '../../domain/identity.ts';
import { limitJson, readInput } from '../body.ts';
import type { Env } from '../context.ts';
import { operation } from '../describe.ts';
import { identify, sessionSecret } from '../identity.ts';
import { peerAddress } from '../peer.ts';
import { beginSession, endAllSessions, endSession } from '../session-cookie.ts';
import { AuthStatusBody, LogoutInput } from './identity-schemas.ts';

/** What strangers may ask: who they are, and to be let in. */
export const openAuth = new Hono<Env>()
  .use(limitJson)
  .get(
    '/status',
    operation({
      id: 'getAuthStatus',
      summary: 'Say who is asking',
      tag: 'Identity',
      open: true,
      ok: { 200: AuthStatusBody },
    }),
    async (c) => {
      const ports = c.get('ports');
      const principal = await identify(c);
      const mayLack = principal?.owner === DEFAULT_OWNER;
      return c.json({
        enabled: ports.instance.auth === 'on',
        setup_required: mayLack && !(await hasPassword(ports)),
        authenticated: principal !== undefined,
        owner: principal?.owner,
        via: principal?.via,
      });
    },
  )
  .post(
    '/login',
    operation({
      id: 'logIn',
      summary: 'Begin a session with the console’s password; its cookie is set',
      tag: 'Identity',
      open: true,
      body: PasswordLogin,
      ok: { 204: 'Logged in' },
      errors: ['unauthorized', 'invalid_request', 'rate_limited', 'payload_too_large'],
    }),
    async (c) => {
      const input = await readInput(c, PasswordLogin);
      await beginSession(c, await logIn(c.get('ports'), input, peerAddress(c)));
      return c.body(null, 204);
    },
  );

export const auth = new Hono<Env>()
  .use(limitJson)
  .post(
    '/setup',
    operation({
      id: 'setUpPassword',
      summary: 'Give the console its first password',
      tag: 'Identity',
      body: PasswordSetup,
      ok: { 204: 'Set' },
      errors: ['invalid_request', 'forbidden', 'conflict', 'rate_limited', 'payload_too_large'],
    }),
    async (c) => {
      await setUpPassword(c.get('ports'), c.get('principal'), await readInput(c, PasswordSetup));
      return c.body(null, 204);
    },
  )
  .post(
    '/logout',
    operation({
      id: 'logOut',
      summary: 'End the session',
      tag: 'Identity',
      body: LogoutInput,
      ok: { 204: 'Ended' },
      errors: ['invalid_request', 'payload_too_large'],
    }),
    async (c) => {
      const { everywhere } = await readInput(c, LogoutInput);
      await (everywhere ? endAllSessions : endSession)(c);
      return c.body(null, 204);
    },
  )
  .post(
    '/password',
    operation({
      id: 'changePassword',
      summary: 'Change the console’s password; every other session ends',
      tag: 'Identity',
      body: PasswordChange,
      ok: { 204: 'Changed' },
      errors: ['invalid_request', 'forbidden', 'conflict', 'rate_limited', 'payload_too_large'],
    }),
    async (c) => {
      const input = await readInput(c, PasswordChange);
      const from = { session: sessionSecret(c), address: peerAddress(c) };
      await changePassword(c.get('ports'), c.get('principal'), input, from);
      return c.body(null, 204);
    },
  );
