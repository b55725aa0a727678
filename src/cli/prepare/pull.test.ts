import { mkdtemp, rm } from 'node:fs/promises';
import { type Server, createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EXIT, Failure } from '../failure.ts';
import type { Terminal } from '../terminal.ts';
import { findOrPull } from './image.ts';

const TAG = 'registry.invalid/acme/sandbox:1';
const SECRET = 'by way of 10.0.0.53:53';
const terminal: Terminal = {
  interactive: false,
  print: () => {},
  note: () => {},
  progress: () => ({ update() {}, done() {}, [Symbol.dispose]() {} }),
  confirm: async () => false,
  askSecret: async () => '',
};

let directory: string;
let engine: Server | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sandboxd-pull-'));
});

afterEach(async () => {
  engine?.closeAllConnections();
  await new Promise((resolve) => (engine?.listening ? engine.close(resolve) : resolve(undefined)));
  await rm(directory, { recursive: true });
});

/** Pulls from an engine that has no image and answers a pull so. */
async function pull(status: number, said: string): Promise<Failure> {
  const socketPath = join(directory, 'engine.sock');
  engine = createServer((request, answer) => {
    const isPull = request.url?.includes('/images/create') === true;
    answer.writeHead(isPull ? status : 404, { 'content-type': 'application/json' }).end(isPull ? said : '{}');
  });
  await new Promise<void>((resolve) => engine?.listen(socketPath, resolve));
  const docker = new Docker({ socketPath });
  const signal = new AbortController().signal;
  const outcome = await findOrPull(TAG, { docker, terminal, signal }).catch((error: unknown) => error);
  if (!(outcome instanceof Failure)) throw new Error('It did not fail as it should.', { cause: outcome });
  return outcome;
}

it.each([
  [500, `Get "https://registry.invalid/v2/": dial tcp: ${SECRET}: no such host`, 'cannot be reached'],
  [500, `Get "https://registry.invalid/v2/": context deadline exceeded (${SECRET})`, 'cannot be reached'],
  [404, `manifest for ${TAG} not found: manifest unknown (${SECRET})`, 'its registry has no such image.'],
  [404, `pull access denied for acme/sandbox, repository does not exist (${SECRET})`, 'or denies access'],
  [500, `unauthorized: authentication required (${SECRET})`, 'or denies access'],
  [400, `invalid reference format (${SECRET})`, 'not a name an image can have'],
  [500, `something else (${SECRET})`, '"docker pull" tells why'],
])('a pull refused with %i "%s" is told in a sentence', async (status, message, says) => {
  const failure = await pull(status, JSON.stringify({ message }));
  expect(failure.exitCode).toBe(EXIT.failed);
  expect(failure.message).toContain(`there is no image ${TAG} here, and it cannot be pulled: `);
  expect(failure.message).toContain(says);
  expect(failure.message).toContain('SANDBOXD_IMAGE');
  expect(failure.message).not.toMatch(/HTTP code|10\.0\.0\.53/);
  expect((failure.cause as Error).message).toContain(SECRET);
});

it('a pull that fails halfway is told the same way', async () => {
  const lines = [{ status: 'Pulling' }, { error: `read tcp: connection reset (${SECRET})` }];
  const failure = await pull(200, lines.map((line) => JSON.stringify(line)).join('\r\n'));
  expect(failure.message).toContain('its registry cannot be reached.');
  expect(failure.message).not.toContain('10.0.0.53');
  expect((failure.cause as Error).message).toContain(SECRET);
});
