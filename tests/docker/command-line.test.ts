import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Docker from 'dockerode';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ensureImage } from '../../images/build.ts';
import { loadConfig } from '../../src/config.ts';
import { bestOf } from '../harness/best-of.ts';
import { findProcess } from '../../src/host/processes.ts';

const SANDBOXD = fileURLToPath(new URL('../../sandboxd', import.meta.url));
/** What a start may take that finds everything prepared. */
const AGAIN_LIMIT_MS = 2000;
const PATIENT = { timeout: 60_000, interval: 50 };
const SIGN_IN = /^Sign in {2}(http:\/\/console\.localhost:\d+\/login\/\S+)$/m;

let dataDir: string;
let env: NodeJS.ProcessEnv;

// So that no start below builds anything.
beforeAll(async () => {
  const config = loadConfig(process.env);
  const docker = new Docker({ socketPath: config.dockerSocket });
  await ensureImage({
    docker,
    network: config,
    agents: config.agents,
    onProgress: () => {},
    signal: new AbortController().signal,
  });
}, 600_000);

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sandboxd-up-'));
  env = {
    PATH: process.env['PATH'],
    SANDBOXD_DATA_DIR: dataDir,
    SANDBOXD_LISTEN: `127.0.0.1:${await freePort()}`,
  };
});

afterEach(async () => {
  await sandboxd('down');
  await rm(dataDir, { recursive: true, force: true });
});

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function sandboxd(...args: string[]): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  execFile(SANDBOXD, args, { env }, (error, out, err) =>
    resolve({ code: error ? Number(error.code) : 0, out, err }),
  );
  return promise;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('up --detach', () => {
  it('leaves a server behind that the other commands find, and down ends it', async () => {
    const up = await sandboxd('up', '--yes', '--detach');
    expect(up).toMatchObject({ code: 0, out: expect.stringMatching(SIGN_IN) });

    const took = await bestOf(5, AGAIN_LIMIT_MS, async () => {
      const began = performance.now();
      const again = await sandboxd('up', '--yes', '--detach');
      const ms = performance.now() - began;
      expect(again).toMatchObject({ code: 0, out: expect.stringMatching(SIGN_IN) });
      expect(SIGN_IN.exec(again.out)?.[1]).not.toBe(SIGN_IN.exec(up.out)?.[1]);
      return ms;
    });
    console.log(`a second "up" answered in ${Math.round(took)} ms`);
    expect(took).toBeLessThan(AGAIN_LIMIT_MS);

    const status = JSON.parse((await sandboxd('status', '--json')).out) as { running: boolean; pid: number };
    expect(status.running).toBe(true);
    const token = await sandboxd('token', 'create', 'ci');
    expect(await statusOf('/v1/apps', token.out.trim())).toBe(200);
    expect(await statusOf('/v1/apps', 'sbx_wrong')).toBe(401);

    expect((await sandboxd('down')).code).toBe(0);
    expect(await findProcess(status.pid)).toBeUndefined();
    expect((await sandboxd('status')).code).toBe(3);
  });

  it('twice at once gives one server, and both find it', async () => {
    const ups = await Promise.all([sandboxd('up', '--yes', '--detach'), sandboxd('up', '--yes', '--detach')]);
    expect(ups.map(({ code, err }) => ({ code, err }))).toEqual([
      { code: 0, err: '' },
      { code: 0, err: '' },
    ]);
  });

  it('after kill -9 starts anew', async () => {
    await sandboxd('up', '--yes', '--detach');
    const { pid } = JSON.parse((await sandboxd('status', '--json')).out) as { pid: number };
    process.kill(pid, 'SIGKILL');
    await vi.waitFor(async () => expect((await sandboxd('status')).code).toBe(3), PATIENT);
    const again = await sandboxd('up', '--yes', '--detach');
    expect(again).toMatchObject({ code: 0, err: '' });
  });

  it('tells of a port that is taken before it prepares anything', async () => {
    const server = createServer().listen(Number(env['SANDBOXD_LISTEN']?.split(':')[1]), '127.0.0.1');
    await once(server, 'listening');
    try {
      const { code, out, err } = await sandboxd('up', '--yes', '--detach');
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(err).toContain('is taken by another program');
    } finally {
      server.close();
      await once(server, 'close');
    }
  });

  it('shows the end of the log of a server that does not start', async () => {
    env['SANDBOXD_DATABASE_URL'] = 'file:/proc/no/such/sandboxd.db';
    const { code, err } = await sandboxd('up', '--yes', '--detach');
    expect(code).toBe(1);
    expect(err).toContain('the server ended while it started');
    expect(err).toMatch(/Error/);
  });
});

describe('up in the foreground', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('serves until %s', async (signal) => {
    const up = spawn(SANDBOXD, ['up', '--yes'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const output = collect(up);
    await vi.waitFor(() => expect(output.soFar()).toMatch(SIGN_IN), PATIENT);
    up.kill(signal);
    expect(await once(up, 'exit')).toEqual([0, null]);
    expect((await sandboxd('status')).code).toBe(3);
  });
});

function collect(child: ChildProcess): { soFar: () => string } {
  let seen = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
  });
  return { soFar: () => seen };
}

async function statusOf(path: string, token: string): Promise<number> {
  const answer = await fetch(`http://${env['SANDBOXD_LISTEN']}${path}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  await answer.body?.cancel();
  return answer.status;
}
