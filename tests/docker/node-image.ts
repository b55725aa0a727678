import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { type Pack, pack } from 'tar-stream';

export const DOCKER_SOCKET = '/var/run/docker.sock';

/** An image of little but Node, whatever agents its label offers: its containers run the JavaScript of their RUN variable, or idle. */
export interface NodeImage extends AsyncDisposable {
  readonly reference: string;
}

const RUN = `
process.on('SIGTERM', () => process.exit(0));
const idle = 'setInterval(() => {}, 1 << 30)';
await import('data:text/javascript,' + encodeURIComponent(process.env.RUN ?? idle));
`;

/** Made from this machine's own Node and libraries, so that no registry is needed. Removed when disposed. */
export async function buildNodeImage(): Promise<NodeImage> {
  const docker = new Docker({ socketPath: DOCKER_SOCKET });
  const reference = `sandboxd-test:${randomUUID()}`;
  const [repo, tag] = reference.split(':');
  const files = pack();
  const filled = fill(files);
  const progress = await docker.importImage(files as unknown as NodeJS.ReadableStream, {
    repo,
    tag,
    changes: 'ENTRYPOINT ["/bin/node", "/run.mjs"]\nLABEL sandboxd.agents=codex,somebody,opencode',
  });
  await filled;
  await new Promise((resolve, reject) => {
    docker.modem.followProgress(progress, (error) => (error ? reject(error) : resolve(undefined)));
  });
  return {
    reference,
    async [Symbol.asyncDispose]() {
      await docker.getImage(reference).remove({ force: true });
    },
  };
}

async function fill(files: Pack): Promise<void> {
  const node = process.execPath;
  for (const library of await librariesOf(node)) await addFile(files, library.slice(1), library);
  await addFile(files, 'bin/node', node);
  await addFile(files, 'bin/sleep', '/bin/sleep');
  const owner = { uid: 1000, gid: 1000 };
  files.entry({ name: 'run.mjs', mode: 0o644 }, RUN);
  files.entry({ name: 'etc/nsswitch.conf', mode: 0o644 }, 'hosts: files dns\n');
  // Prepared dependencies, with everything that a careless unpacking loses.
  const layer = 'opt/layers/demo';
  for (const directory of ['', '/workspace', '/workspace/app', '/workspace/app/node_modules']) {
    files.entry({ name: layer + directory, type: 'directory', mode: 0o755, ...owner });
  }
  const modules = `${layer}/workspace/app/node_modules`;
  const tool = { mode: 0o4755, mtime: new Date(1e12), ...owner };
  files.entry({ name: `${modules}/tool.js`, ...tool }, 'export {};\n');
  files.entry({ name: `${modules}/link.js`, type: 'symlink', linkname: 'tool.js', ...owner });
  files.entry({ name: `${modules}/same.js`, type: 'link', linkname: `${modules}/tool.js`, ...tool });
  files.finalize();
}

async function addFile(files: Pack, name: string, source: string): Promise<void> {
  const content = await readFile(await realpath(source));
  await new Promise<void>((resolve, reject) => {
    files.entry({ name, mode: 0o755 }, content, (error) => (error ? reject(error) : resolve()));
  });
}

/** The shared libraries of a program, and the loader itself. */
async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)('ldd', [program]);
  return stdout.match(/\/\S+\.so\S*/g) ?? [];
}
