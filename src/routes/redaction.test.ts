import { expect, it } from 'vitest';
import { apiWorld } from '../../tests/fakes/api-world.ts';
import { createApp } from '../app.ts';
import { createLogger } from '../compose/logger.ts';
import { SandboxdError } from '../domain/errors.ts';
import { MASK } from '../domain/mask.ts';
import { redactingVault } from '../domain/redacting-vault.ts';
import { proxiedPeer } from './peer.ts';

const KEY = 'test-key-not-real-but-"secret"';

it('a key that was set once is neither logged nor told when a failure repeats it', async () => {
  const { ports } = apiWorld({ auth: 'off' });
  const lines: string[] = [];
  const { redactor, store } = ports;
  const log = createLogger({ level: 'debug', redactor, write: (line) => lines.push(line) });
  const failure = new SandboxdError('unavailable', `The provider said: no ${KEY}.`, {
    cause: new Error(`sent ${JSON.stringify({ key: KEY })}`, {
      cause: { url: `/?k=${encodeURIComponent(KEY)}` },
    }),
  });
  const apps = { ...store.apps, list: () => Promise.reject(failure) };
  const vault = redactingVault(ports.vault, redactor);
  const app = createApp(() => ({ ...ports, log, vault, store: { ...store, apps } }), proxiedPeer);
  const headers = { host: 'localhost', 'content-type': 'application/json' };
  const body = JSON.stringify({ api_key: KEY });
  const set = await app.request('/v1/agents/anthropic/api-key', { method: 'POST', headers, body });
  expect(set.status).toBe(204);

  const answer = await app.request('/v1/apps', { headers });
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({ error: { message: `The provider said: no ${MASK}.` } });
  const written = lines.join('');
  expect(written).toContain(`no ${MASK}.`);
  expect(written).toContain(`sent {"key":"${MASK}"}`.replaceAll('"', '\\"'));
  expect(written).toContain(`/?k=${MASK}`);
  expect(written).not.toContain('not-real');
});
