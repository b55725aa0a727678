import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { mkdtemp } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { DockerEngine } from '../../src/adapters/docker/engine.ts';
import { freePort } from '../../src/compose/addressing.ts';
import { readInstance } from '../../src/compose/instance.ts';
import { type Answer, visit, type VisitOptions } from './http.ts';

const LAUNCHER = fileURLToPath(new URL('../../sandboxd', import.meta.url));
const run = promisify(execFile);
const PAUSED_WITHIN_MS = 60_000;

/** An installation of its own on this machine's engine: started, killed and taken away through the real command line. */
export class Installation implements AsyncDisposable {
  readonly dataDir: string;
  readonly port: number;
  readonly docker = new Docker();
  /** Told of every answer of its API. */
  onAnswer: (request: string, answer: Answer) => void = () => undefined;
  #env: NodeJS.ProcessEnv;
  #token = '';

  private constructor(dataDir: string, port: number, env: Record<string, string>) {
    this.dataDir = dataDir;
    this.port = port;
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('SANDBOXD_'));
    this.#env = {
      ...Object.fromEntries(inherited),
      SANDBOXD_DATA_DIR: dataDir,
      SANDBOXD_LISTEN: `127.0.0.1:${port}`,
      ...env,
    };
  }

  /** Not started yet. A short path: sockets live below it. */
  static async make(env: Record<string, string> = {}): Promise<Installation> {
    return new Installation(await mkdtemp('/tmp/sbx-'), await freePort('127.0.0.1'), env);
  }

  /** `./sandboxd …`, to its end. @throws with its output when it fails */
  async command(...args: string[]): Promise<string> {
    const { stdout } = await run(LAUNCHER, args, { env: this.#env, timeout: 280_000 });
    return stdout;
  }

  /** Changes settings; the next `up` takes them over. */
  configure(env: Record<string, string>): void {
    this.#env = { ...this.#env, ...env };
  }

  /** Commands as an operator types them, in the project's directory and with bash. @throws when one fails */
  async shell(commands: string): Promise<string> {
    const options = { env: this.#env, cwd: dirname(LAUNCHER), timeout: 280_000 };
    const { stdout } = await run('bash', ['-euo', 'pipefail', '-c', commands], options);
    return stdout;
  }

  async up(): Promise<string> {
    const output = await this.command('up', '--yes', '--detach');
    this.#token ||= (await this.command('token', 'create', 'tests')).trim().split(/\s+/).at(-1) ?? '';
    return output;
  }

  async token(owner: string): Promise<string> {
    return (
      (await this.command('token', 'create', 'tests', '--owner', owner)).trim().split(/\s+/).at(-1) ?? ''
    );
  }

  /** The one-time link into the console. */
  async loginLink(): Promise<string> {
    return /https?:\/\/\S+/.exec(await this.command('login'))?.[0] ?? '';
  }

  /** The server's process. */
  async pid(): Promise<number> {
    return (JSON.parse(await this.command('status', '--json')) as { pid: number }).pid;
  }

  /** SIGKILL, to the server alone. Returns when the process is gone. */
  async kill(pid?: number): Promise<void> {
    await this.#signal('SIGKILL', pid ?? (await this.pid()));
  }

  /** SIGTERM, which leaves sandboxes running. Returns when the process is gone. */
  async end(pid?: number): Promise<void> {
    await this.#signal('SIGTERM', pid ?? (await this.pid()));
  }

  async #signal(signal: NodeJS.Signals, pid: number): Promise<void> {
    process.kill(pid, signal);
    await gone(pid);
  }

  get base(): string {
    return `http://console.localhost:${this.port}`;
  }

  /** What a request of its operator carries. */
  get authorization(): { authorization: string } {
    return { authorization: `Bearer ${this.#token}` };
  }

  async api(
    method: string,
    path: string,
    { token = this.#token, ...options }: VisitOptions & { token?: string } = {},
  ): Promise<Answer> {
    const headers = { authorization: `Bearer ${token}`, ...options.headers };
    const answer = await visit(`${this.base}${path}`, { ...options, method, headers });
    this.onAnswer(`${method} ${path}`, answer);
    return answer;
  }

  async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.api(method, path, {
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return (answer.text === '' ? undefined : JSON.parse(answer.text)) as T;
  }

  /** What this installation has in the engine of its sandboxes. */
  async inEngine(): Promise<{ containers: string[]; volumes: string[] }> {
    const filters = { label: [`sandboxd.instance=${await this.instanceId()}`] };
    const sandboxes = { label: [...filters.label, 'sandboxd.sandbox'] };
    const [containers, { Volumes: volumes }] = await Promise.all([
      this.docker.listContainers({ all: true, filters: sandboxes }),
      this.docker.listVolumes({ filters: JSON.stringify(filters) }),
    ]);
    return { containers: containers.map(({ Id }) => Id), volumes: (volumes ?? []).map(({ Name }) => Name) };
  }

  /** How many of its sandboxes stand still. */
  async paused(): Promise<number> {
    const { containers } = await this.inEngine();
    const inspected = await Promise.all(containers.map((id) => this.docker.getContainer(id).inspect()));
    return inspected.filter(({ State }) => State.Paused).length;
  }

  /** Does something, and returns at the moment when one of its sandboxes comes to stand still, however short that is. */
  async untilPaused(act: () => void): Promise<void> {
    const label = [`sandboxd.instance=${await this.instanceId()}`];
    const events = await this.docker.getEvents({ filters: { type: ['container'], event: ['pause'], label } });
    try {
      const paused = once(events, 'data', { signal: AbortSignal.timeout(PAUSED_WITHIN_MS) });
      act();
      await paused;
    } finally {
      (events as Readable).destroy();
    }
  }

  instanceId(): Promise<string> {
    return readFile(join(this.dataDir, 'instance'), 'utf8');
  }

  /** Ends the server and removes everything it made: containers, volumes, bridge, rules, files. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.command('down').catch(() => this.kill().catch(() => undefined));
    await this.#clearEngine();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  async #clearEngine(): Promise<void> {
    const instance = await readInstance(this.dataDir);
    // It has never been up.
    if (instance === undefined) return;
    const engine = new DockerEngine({ socketPath: '/var/run/docker.sock', instance });
    for (const { sandboxId } of await engine.list()) await engine.remove(sandboxId);
    for (const id of await engine.listVolumes()) await engine.removeVolume(id);
    await engine.removeNetwork();
  }
}

/** Waits until a process that is no child of this one has ended. */
async function gone(pid: number): Promise<void> {
  const tail = spawn('tail', ['--sleep-interval=0.02', `--pid=${pid}`, '-f', '/dev/null'], {
    stdio: 'ignore',
  });
  await once(tail, 'exit');
}
