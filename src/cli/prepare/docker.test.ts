import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Failure } from '../failure.ts';
import type { Terminal } from '../terminal.ts';
import { prepareDocker } from './docker.ts';

let directory: string;
let said: string[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sandboxd-engine-'));
  said = [];
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

function prepare() {
  const terminal: Terminal = {
    interactive: false,
    print: (line) => void said.push(line),
    note: (line) => void said.push(line),
    progress: (title) => ({
      update: ({ step }) => void said.push(`${title}: ${step}`),
      done() {},
      [Symbol.dispose]() {},
    }),
    confirm: async () => false,
    askSecret: async () => '',
  };
  return prepareDocker({
    terminal,
    socketPath: join(directory, 'docker.sock'),
    logFile: join(directory, 'dockerd.log'),
    yes: true,
    signal: new AbortController().signal,
  });
}

it('leaves an engine alone that answers', async () => {
  const engine = createServer((_request, answer) => answer.end('OK')).listen(join(directory, 'docker.sock'));
  await once(engine, 'listening');
  try {
    const { startedPid } = await prepare();
    expect(startedPid).toBeUndefined();
    expect(said).toEqual([]);
  } finally {
    engine.closeAllConnections();
    engine.close();
    await once(engine, 'close');
  }
});

it('neither installs nor starts one where somebody named an engine of their own', async () => {
  await expect(prepare()).rejects.toThrow(Failure);
  await expect(prepare()).rejects.toThrow('SANDBOXD_DOCKER_SOCKET');
  expect(said).toEqual([]);
});
