import { randomUUID } from 'node:crypto';
import { chown, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { beforeAll, describe, expect, it } from 'vitest';
import { type EnsuredImage, ensureImage } from '../../images/build.ts';
import { buildImage } from '../../images/engine-build.ts';
import { verifyImage } from '../../images/verify/verify.ts';
import { DockerEngine } from '../../src/adapters/docker/engine.ts';
import { overlayOptions } from '../../src/adapters/docker/overlay.ts';
import { loadConfig } from '../../src/config.ts';
import { LAYERS_DIRECTORY, SANDBOX_HOME, SANDBOX_UID } from '../../src/domain/runtimed.ts';

const config = loadConfig(process.env);
const docker = new Docker({ socketPath: config.dockerSocket });
const never = new AbortController().signal;
const BUILD_LIMIT_MS = 600_000;
/** From a workspace's first file to its first page; a second or so where nothing else runs. */
const FIRST_PAGE_LIMIT_MS = 15_000;

let image: EnsuredImage;

beforeAll(async () => {
  const began = performance.now();
  image = await ensureImage({ docker, network: config, onProgress: () => {}, signal: never });
  console.log(
    `${image.tag} ${image.built ? 'built' : 'found'} in ${Math.round(performance.now() - began)} ms`,
  );
}, BUILD_LIMIT_MS);

describe('the base image', () => {
  it('is found again at once', async () => {
    const again = await ensureImage({ docker, network: config, onProgress: () => {}, signal: never });
    expect(again).toEqual({ tag: image.tag, id: image.id, built: false });
  });

  it('keeps its contract', async () => {
    expect(await verifyImage(docker, image.tag, never)).toEqual([]);
  });

  it('carries nothing of the build: no certificates of this machine, no proxy, no package store', async () => {
    const { Config } = await docker.getImage(image.tag).inspect();
    expect(Config.Env?.join('\n')).not.toMatch(/proxy|registry|ca_?cert|cafile/i);
    const { exitCode, output } = await runIn(
      'ls -d /run/ca /home/sandbox/.local /root/.local /home/sandbox/.cache',
    );
    expect(output).not.toMatch(/^\//m);
    expect(exitCode).not.toBe(0);
  });
});

describe('an image that breaks its contract', () => {
  it('is told which clauses it breaks', async () => {
    const tag = `sandboxd-test:${randomUUID()}`;
    const dockerfile = [
      'ARG BASE',
      'FROM ${BASE}',
      'USER root',
      'RUN rm -r /usr/local/bin/pnpm /opt/templates/worker && chown root /opt/layers/*/workspace/app/*',
      'USER 1000',
    ].join('\n');
    const files = [{ name: 'Dockerfile', executable: false, source: new TextEncoder().encode(dockerfile) }];
    const recipe = { tag, files, args: { BASE: image.tag }, labels: {}, describe: () => undefined };
    await buildImage(docker, recipe, () => {}, never);
    try {
      const faults = await verifyImage(docker, tag, never);
      expect(faults.map(({ clause }) => clause)).toEqual([4, 5, 7]);
    } finally {
      await docker.getImage(tag).remove({ force: true });
    }
  });

  it('is told when its main process cannot run', async () => {
    const tag = `sandboxd-test:${randomUUID()}`;
    const dockerfile = 'ARG BASE\nFROM ${BASE}\nENTRYPOINT ["/no/such/program"]\n';
    const files = [{ name: 'Dockerfile', executable: false, source: new TextEncoder().encode(dockerfile) }];
    const recipe = { tag, files, args: { BASE: image.tag }, labels: {}, describe: () => undefined };
    await buildImage(docker, recipe, () => {}, never);
    try {
      expect(await verifyImage(docker, tag, never)).toMatchObject([{ clause: 1 }]);
    } finally {
      await docker.getImage(tag).remove({ force: true });
    }
  });
});

describe('the React starter on its prepared layer, confined and without a network', () => {
  const seed = 'cp -R /opt/templates/react-standard/. ~/workspace/app/ && cd ~/workspace/app || exit 1';

  it('shows its first page within seconds, and bundles nothing anew', async () => {
    await using home = await layeredHome('react-standard');
    const began = performance.now();
    const { exitCode, output } = await runIn(
      `${seed}
       pnpm dev >/tmp/dev.log 2>&1 &
       get() { curl --silent --fail "$@"; }
       for i in $(seq 400); do curl -sf -o /dev/null http://127.0.0.1:3000/ && break; sleep 0.02; done
       get -H 'Host: s-1-3000.preview.example.com' http://127.0.0.1:3000/ && get http://127.0.0.1:3000/src/main.tsx ||
         { cat /tmp/dev.log; exit 1; }`,
      home.mount,
    );
    const took = Math.round(performance.now() - began);
    console.log(`react-standard: container to first page in ${took} ms`);
    expect(output).toContain('<div id="root">');
    expect(output).toContain('/node_modules/.vite/deps/react.js?v=');
    expect(exitCode).toBe(0);
    expect(took).toBeLessThan(FIRST_PAGE_LIMIT_MS);
    expect(await readdir(join(home.upper, 'workspace/app/node_modules'))).not.toContain('.vite');
  });

  it('builds, even if it pins another version of its package manager', async () => {
    await using home = await layeredHome('react-standard');
    const pin = `sed -i 's/"private"/"packageManager": "pnpm@9.1.0", "private"/' package.json`;
    const { exitCode, output } = await runIn(`${seed}; ${pin}; pnpm build && ls dist`, home.mount);
    expect(output).toContain('index.html');
    expect(exitCode).toBe(0);
  });

  it('bundles anew what an app asks for beyond that', async () => {
    await using home = await layeredHome('react-standard');
    const { exitCode, output } = await runIn(
      `${seed}
       sed -i 's/  server: {/  optimizeDeps: { include: ["react-dom\\/server"] },\\n&/' vite.config.ts
       pnpm dev >/tmp/dev.log 2>&1 &
       for i in $(seq 400); do curl -sf -o /dev/null http://127.0.0.1:3000/src/main.tsx && break; sleep 0.05; done
       for i in $(seq 400); do [ -e node_modules/.vite/deps/react-dom_server.js ] && exit 0; sleep 0.05; done
       cat /tmp/dev.log; exit 1`,
      home.mount,
    );
    expect(output).not.toMatch(/error/i);
    expect(exitCode).toBe(0);
  });
});

it('the worker starter beats', async () => {
  const { output } = await runIn('INTERVAL_SECONDS=0.01 timeout 1 bash /opt/templates/worker/worker.sh');
  expect(output).toMatch(/^\S+Z heartbeat 1\r?\n\S+Z heartbeat 2\r?$/m);
});

it('Python apps find their framework without an installation', async () => {
  const script =
    'python3 -m venv --system-site-packages /tmp/v && /tmp/v/bin/python -c "import fastapi, uvicorn"';
  expect(await runIn(script)).toEqual({ exitCode: 0, output: '' });
});

/** A home as the node makes it: the layer below, an empty directory of the sandbox's above. */
async function layeredHome(template: string) {
  const root = await mkdtemp(join(tmpdir(), 'sandboxd-home-'));
  const [lower, upper, work] = ['lower', 'upper', 'work'].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  for (const directory of [lower, upper, work]) await mkdir(directory);
  await chown(upper, SANDBOX_UID, SANDBOX_UID);
  const engine = new DockerEngine({ socketPath: config.dockerSocket, instance: 'test-image' });
  await engine.extract(image.id, `${LAYERS_DIRECTORY}/${template}`, lower);
  const volume = `sandboxd-test-${randomUUID()}`;
  const mount: Docker.MountSettings = {
    Type: 'volume',
    Source: volume,
    Target: SANDBOX_HOME,
    VolumeOptions: {
      NoCopy: true,
      Labels: {},
      DriverConfig: { Name: 'local', Options: overlayOptions({ kind: 'overlay', lower, upper, work }) },
    },
  };
  return {
    mount,
    upper,
    async [Symbol.asyncDispose]() {
      await docker.getVolume(volume).remove({ force: true });
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Runs a script in a login shell, confined as sandboxes are. */
async function runIn(
  script: string,
  home?: Docker.MountSettings,
): Promise<{ exitCode: number; output: string }> {
  const container = await docker.createContainer({
    Image: image.id,
    Entrypoint: ['bash', '-lc'],
    Cmd: [script],
    User: `${SANDBOX_UID}:${SANDBOX_UID}`,
    Tty: true,
    HostConfig: {
      NetworkMode: 'none',
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      Memory: 2 ** 31,
      PidsLimit: 512,
      Tmpfs: { '/tmp': 'rw,exec,mode=1777', '/var/tmp': 'rw,mode=1777' },
      ...(home !== undefined && { Mounts: [home] }),
    },
  });
  try {
    await container.start();
    const { StatusCode } = (await container.wait()) as { StatusCode: number };
    const output = await container.logs({ stdout: true, stderr: true });
    return { exitCode: StatusCode, output: output.toString() };
  } finally {
    await container.remove({ force: true });
  }
}
