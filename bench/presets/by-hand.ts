import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chown, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type Docker from 'dockerode';
import { defaultManifest } from '../../src/domain/manifest.ts';
import { APP_DIRECTORY } from '../../src/domain/paths.ts';
import type { Preset } from '../../src/domain/preset.ts';
import { DEFAULT_PORT } from '../../src/domain/sandbox.ts';
import {
  LAYERS_DIRECTORY,
  SANDBOX_HOME,
  SANDBOX_UID,
  TEMPLATES_DIRECTORY,
} from '../../src/domain/runtimed.ts';

const execute = promisify(execFile);
const SANDBOX_USER = `${SANDBOX_UID}:${SANDBOX_UID}`;
const APP = `${SANDBOX_HOME}/${APP_DIRECTORY}`;

/** A preset's starter with its dependencies in a directory of the host, as somebody without sandboxd would have it. */
export class ByHand implements AsyncDisposable {
  readonly #docker: Docker;
  readonly #image: string;
  readonly #home: string;
  readonly #command: string;

  private constructor(docker: Docker, image: string, home: string, command: string) {
    this.#docker = docker;
    this.#image = image;
    this.#home = home;
    this.#command = command;
  }

  static async prepare(docker: Docker, image: string, preset: Preset): Promise<ByHand> {
    const home = await mkdtemp(join(tmpdir(), 'bench-home-'));
    await chown(home, SANDBOX_UID, SANDBOX_UID);
    await mkdir(join(home, 'workspace'));
    const { web, workers } = defaultManifest({ preset });
    const command = web?.command ?? workers[0]?.command ?? 'true';
    const made = new ByHand(docker, image, home, command);
    try {
      await made.#fill(preset.template ?? preset.id);
      return made;
    } catch (error) {
      await made[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** `docker run` with the dev server as its main process, until `isUp` says so. @returns milliseconds */
  async run(isUp: (container: Docker.Container) => Promise<void>): Promise<number> {
    const began = performance.now();
    const name = await this.#dockerRun(`cd ${APP} && ${this.#command}`, SANDBOX_USER, '--detach');
    const container = this.#docker.getContainer(name);
    try {
      await isUp(container);
      return performance.now() - began;
    } finally {
      await container.remove({ force: true, v: true });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#home, { recursive: true, force: true });
  }

  #fill(template: string): Promise<string> {
    const layer = `${LAYERS_DIRECTORY}/${template}`;
    const script = [
      `mkdir -p ${APP} && cp -a ${TEMPLATES_DIRECTORY}/${template}/. ${APP}/`,
      `if [ -d ${layer} ]; then cp -a ${layer}/. ${SANDBOX_HOME}/; fi`,
      `chown -R ${SANDBOX_USER} ${SANDBOX_HOME}`,
    ].join(' && ');
    return this.#dockerRun(script, 'root', '--rm');
  }

  /** @returns the container's name */
  async #dockerRun(script: string, user: string, ...options: string[]): Promise<string> {
    const name = `sandboxd-bench-${randomUUID()}`;
    const mount = ['--volume', `${this.#home}:${SANDBOX_HOME}`];
    const settings = [
      '--init',
      '--memory',
      '2g',
      '--env',
      `PORT=${DEFAULT_PORT}`,
      '--user',
      user,
      '--name',
      name,
    ];
    const program = ['--entrypoint', 'bash', this.#image, '-lc', script];
    await execute('docker', ['run', ...options, ...settings, ...mount, ...program]);
    return name;
  }
}
