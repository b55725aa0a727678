import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { SandboxdError } from '../src/domain/errors.ts';
import type { Outbound } from '../src/domain/outbound.ts';
import { installPackages } from '../src/host/packages.ts';
import { ProgramError, runProgram } from '../src/host/run-program.ts';
import { SUITE, archiveOf, mirrorOf, packageSources } from './apt.ts';
import { readMessages } from './engine-build.ts';
import type { OnImageProgress } from './progress.ts';

const DEBOOTSTRAP = '/usr/sbin/debootstrap';
/** Lines debootstrap prints for a minimal system, roughly: what progress is measured by. */
const EXPECTED_LINES = 430;
/** Paths of a fresh system that no sandbox reads. */
const UNUSED = [
  './var/cache/apt/archives/*.deb',
  './var/lib/apt/lists/*',
  './usr/share/doc/*',
  './usr/share/man/*',
];

/**
 * Makes a minimal Debian from its packages and imports it as `reference`: the way of a machine without a registry.
 * @throws unavailable when this user is not root, or the packages cannot be fetched or unpacked
 */
export async function bootstrapRootfs(
  docker: Docker,
  reference: string,
  network: Pick<Outbound, 'debianMirror' | 'caFile'>,
  onProgress: OnImageProgress,
  signal: AbortSignal,
): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new SandboxdError(
      'unavailable',
      'No image registry answers, and making the root file system from packages needs root. Run this as root once, or let the engine reach a registry that has debian:bookworm-slim.',
    );
  }
  if (!existsSync(DEBOOTSTRAP)) await installPackages(['debootstrap'], { signal });
  const directory = await mkdtemp(join(tmpdir(), 'sandboxd-rootfs-'));
  try {
    const root = join(directory, 'root');
    await debootstrap(root, await debootstrapNetwork(directory, network), onProgress, signal);
    const list = join(root, 'etc/apt/sources.list');
    const archive =
      network.debianMirror === undefined
        ? mirrorOf(await readFile(list, 'utf8'))
        : archiveOf(await readFile(DEBOOTSTRAP, 'utf8'));
    await writeFile(list, packageSources(archive));
    await importDirectory(docker, root, reference, signal);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

interface DebootstrapNetwork {
  /** The mirror, if it is not debootstrap's own choice. */
  readonly mirror: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Proxies it finds in this program's own environment; of certificates only wget knows, which it fetches with. */
async function debootstrapNetwork(
  directory: string,
  { debianMirror, caFile }: Pick<Outbound, 'debianMirror' | 'caFile'>,
): Promise<DebootstrapNetwork> {
  if (debianMirror === undefined) return { mirror: [], env: {} };
  const settings = join(directory, 'wgetrc');
  await writeFile(settings, caFile === undefined ? '' : `ca_certificate = ${caFile}\n`);
  return { mirror: [debianMirror], env: { WGETRC: settings } };
}

async function debootstrap(
  directory: string,
  { mirror, env }: DebootstrapNetwork,
  onProgress: OnImageProgress,
  signal: AbortSignal,
): Promise<void> {
  let lines = 0;
  const onLine = (detail: string) => {
    lines += 1;
    onProgress({ step: 'Root file system', fraction: Math.min(0.95, lines / EXPECTED_LINES), detail });
  };
  try {
    await runProgram(DEBOOTSTRAP, ['--variant=minbase', SUITE, directory, ...mirror], {
      env,
      signal,
      onLine,
    });
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    throw new SandboxdError(
      'unavailable',
      `The root file system could not be made from packages:\n${error.output.join('\n')}\nSee that this machine reaches Debian's package mirror (SANDBOXD_DEBIAN_MIRROR) and try again.`,
      { cause: error },
    );
  }
}

async function importDirectory(
  docker: Docker,
  directory: string,
  reference: string,
  signal: AbortSignal,
): Promise<void> {
  const excludes = UNUSED.map((path) => `--exclude=${path}`);
  const tar = spawn(
    'tar',
    ['--create', '--numeric-owner', '--one-file-system', ...excludes, '--directory', directory, '.'],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
    },
  );
  const exit = new Promise<void>((resolve, reject) => {
    tar.once('error', reject);
    tar.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`tar ended with ${code}.`))));
  });
  const [repo, tag] = reference.split(':');
  const imported = importTar(docker, tar.stdout, { repo, tag, abortSignal: signal });
  await Promise.all([imported, exit, text(tar.stderr)]);
}

async function importTar(docker: Docker, tar: Readable, options: object): Promise<void> {
  const answer = (await docker.importImage(tar, options)) as Readable;
  for await (const { error } of readMessages(answer)) {
    if (error !== undefined)
      throw new SandboxdError('unavailable', `The engine refused the root file system: ${error}`);
  }
}
