import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../../../src/host/run-program.ts';
import { type Authority, makeAuthority } from './authority.ts';
import { gitRepository, npmRegistry, pythonIndex } from './packages.ts';
import { PROXY_PORT, READY, type Site, type Visit } from './site.ts';

const SERVER = fileURLToPath(new URL('server.ts', import.meta.url));
/** What only the proxy can reach. */
const NAMES = ['web.test', 'registry.test', 'pypi.test'];

/**
 * Another host, as sandboxes and builds see it: a network namespace of its own with a proxy, mirrors, and servers whose
 * certificates come from an authority of its own. Needs root and iproute2.
 */
export class Elsewhere implements AsyncDisposable {
  readonly address: string;
  /** Every request that came here, in order. */
  readonly visits: Visit[] = [];
  readonly #authority: Authority;
  readonly #stack: AsyncDisposableStack;

  private constructor(address: string, authority: Authority, stack: AsyncDisposableStack) {
    this.address = address;
    this.#authority = authority;
    this.#stack = stack;
  }

  static async make(): Promise<Elsewhere> {
    await using opening = new AsyncDisposableStack();
    const address = await makeNamespace(opening);
    const names = [...NAMES.map((name) => `DNS:${name}`), `IP:${address}`];
    const authority = opening.use(await makeAuthority(names));
    const elsewhere = new Elsewhere(address, authority, opening.move());
    try {
      await elsewhere.#serve();
      return elsewhere;
    } catch (error) {
      await elsewhere[Symbol.asyncDispose]();
      throw error;
    }
  }

  get proxy(): string {
    return `http://${this.address}:${PROXY_PORT}`;
  }

  /** The authority's certificate. */
  get caFile(): string {
    return this.#authority.file;
  }

  /** What came to one of its services. */
  targets(service: Visit['service']): string[] {
    return this.visits.filter((visit) => visit.service === service).map(({ target }) => target);
  }

  async #serve(): Promise<void> {
    const command = ['netns', 'exec', spaceName(), process.execPath, SERVER];
    const child = spawn('ip', command, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { PATH: process.env['PATH'] },
    });
    this.#stack.defer(() => ended(child));
    const lines = createInterface(child.stdout);
    const ready = new Promise<void>((resolve, reject) => {
      lines.on('line', (line) => (line === READY ? resolve() : this.visits.push(JSON.parse(line) as Visit)));
      child.once('error', reject).once('exit', () => reject(new Error('The far host ended at its start.')));
    });
    const site: Site = { tls: this.#authority.tls, pages: await pages() };
    child.stdin.write(`${JSON.stringify(site)}\n`);
    await ready;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** The end of its input is the server's own end. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.stdin?.end();
  await exit;
}

const ip = (...args: string[]) => runProgram('ip', args);
const spaceName = () => `sbxfar-${process.pid}`;

/** A namespace with one cable to this machine. @returns its address at the far end */
async function makeNamespace(stack: AsyncDisposableStack): Promise<string> {
  const [space, near, far] = [spaceName(), `sbxf${process.pid}a`, `sbxf${process.pid}b`];
  // Of this process alone: other runs on this machine have theirs.
  const network = `10.214.${(process.pid >> 6) & 255}`;
  const base = (process.pid & 63) * 4;
  await ip('netns', 'add', space);
  stack.defer(() => ip('netns', 'delete', space).then(() => undefined));
  await ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', space);
  await ip('addr', 'add', `${network}.${base + 1}/30`, 'dev', near);
  await ip('link', 'set', near, 'up');
  await ip('-n', space, 'addr', 'add', `${network}.${base + 2}/30`, 'dev', far);
  await ip('-n', space, 'link', 'set', 'lo', 'up');
  await ip('-n', space, 'link', 'set', far, 'up');
  await ip('-n', space, 'route', 'add', 'default', 'via', `${network}.${base + 1}`);
  return `${network}.${base + 2}`;
}

async function pages(): Promise<Site['pages']> {
  const all = [
    { path: '/hello', content: 'hello from elsewhere' },
    ...(await npmRegistry()),
    ...(await pythonIndex()),
    ...gitRepository(),
  ];
  return Object.fromEntries(all.map(({ path, content }) => [path, Buffer.from(content).toString('base64')]));
}
