import { randomBytes } from 'node:crypto';
import { chown, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { DockerEngine } from '../../src/adapters/docker/engine.ts';
import type { ContainerSpec } from '../../src/domain/engine.ts';
import { ulidSource } from '../../src/domain/ids.ts';
import { SANDBOX_UID } from '../../src/domain/runtimed.ts';
import type { HomeMount } from '../../src/domain/workspace.ts';
import { DOCKER_SOCKET } from './node-image.ts';

export interface SandboxDirectories {
  readonly home: Extract<HomeMount, { kind: 'overlay' }>;
  readonly controlDirectory: string;
  readonly providerDirectory: string;
}

/** An instance of its own on the machine's engine; everything of it is gone when it is disposed. */
export interface TestInstance extends AsyncDisposable {
  readonly engine: DockerEngine;
  readonly instance: string;
  /** The read-only layer of every sandbox. */
  readonly lower: string;
  readonly root: string;
  directories(sandboxId: string): Promise<SandboxDirectories>;
  /** A specification whose program is this JavaScript, and idles then; `report(value)` in it is what `reported` waits for. */
  program(javascript: string): Promise<ContainerSpec & SandboxDirectories>;
  reported(spec: ContainerSpec): Promise<unknown>;
  /** Takes the last report away, before another run makes the next. */
  forget(spec: ContainerSpec): Promise<void>;
}

const LIMITS = { memoryBytes: 256 * 1024 ** 2, cpus: 1, pids: 64, openFiles: 1024 };
const REPORT = 'report.json';
/** One that has ended by the time the engine is asked about it would count as one that did not start. */
const EPILOGUE = '\nsetInterval(() => {}, 2 ** 30);';
const PREAMBLE = `
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as os from 'node:os';
import { spawn, spawnSync } from 'node:child_process';
const report = (value) => {
  fs.writeFileSync('/run/sandboxd/.${REPORT}', JSON.stringify(value));
  fs.renameSync('/run/sandboxd/.${REPORT}', '/run/sandboxd/${REPORT}');
};
`;

export async function startInstance(image: string, socketPath = DOCKER_SOCKET): Promise<TestInstance> {
  const root = await mkdtemp(join(tmpdir(), 'sandboxd-engine-'));
  const instance = `test-${randomBytes(6).toString('hex')}`;
  const engine = new DockerEngine({ socketPath, instance });
  const lower = join(root, 'lower');
  await mkdir(lower);
  const newId = ulidSource();
  const directories = (sandboxId: string) => makeDirectories(root, lower, sandboxId);
  return {
    engine,
    instance,
    lower,
    root,
    directories,
    async program(javascript) {
      const sandboxId = newId();
      const env = { RUN: PREAMBLE + javascript + EPILOGUE };
      return { sandboxId, image, ...(await directories(sandboxId)), env, limits: LIMITS };
    },
    reported: ({ controlDirectory }) =>
      vi.waitFor(async () => JSON.parse(await readFile(join(controlDirectory, REPORT), 'utf8')), {
        timeout: 30_000,
        interval: 50,
      }),
    forget: ({ controlDirectory }) => rm(join(controlDirectory, REPORT), { force: true }),
    async [Symbol.asyncDispose]() {
      const cleaner = new DockerEngine({ socketPath: DOCKER_SOCKET, instance });
      for (const { sandboxId } of await cleaner.list()) await cleaner.remove(sandboxId);
      for (const sandboxId of await cleaner.listVolumes()) await cleaner.removeVolume(sandboxId);
      await cleaner.removeNetwork();
      await rm(root, { recursive: true, force: true });
    },
  };
}

async function makeDirectories(root: string, lower: string, sandboxId: string): Promise<SandboxDirectories> {
  const at = (name: string) => join(root, sandboxId, name);
  const home = { kind: 'overlay', lower, upper: at('home'), work: at('work') } as const;
  const [controlDirectory, providerDirectory] = [at('run'), at('provider')];
  for (const directory of [home.upper, home.work, controlDirectory, providerDirectory])
    await mkdir(directory, { recursive: true });
  await chown(home.upper, SANDBOX_UID, SANDBOX_UID);
  await chown(controlDirectory, SANDBOX_UID, SANDBOX_UID);
  return { home, controlDirectory, providerDirectory };
}
