import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import Docker from 'dockerode';
import { beforeAll, describe, expect, it } from 'vitest';
import { type EnsuredImage, ensureImage } from '../../images/build.ts';
import { verifyImage } from '../../images/verify/verify.ts';
import { loadConfig } from '../../src/config.ts';
import { SANDBOX_UID } from '../../src/domain/runtimed.ts';
import { bestOf } from '../harness/best-of.ts';
import { customImage, foreignImage } from '../harness/custom-image.ts';
import { layeredHome } from './layered-home.ts';

const config = loadConfig(process.env);
const docker = new Docker({ socketPath: config.dockerSocket });
const never = new AbortController().signal;
const BUILD_LIMIT_MS = 600_000;
/** From a workspace's first file to its first page; a second or so where nothing else runs. */
const FIRST_PAGE_LIMIT_MS = 15_000;
/** Every first start with an image waits for it; a second or so where nothing else runs. */
const VERIFY_LIMIT_MS = 15_000;

let image: EnsuredImage;

beforeAll(async () => {
  const began = performance.now();
  image = await ensureImage({
    docker,
    network: config,
    agents: config.agents,
    onProgress: () => {},
    signal: never,
  });
  console.log(
    `${image.tag} ${image.built ? 'built' : 'found'} in ${Math.round(performance.now() - began)} ms`,
  );
}, BUILD_LIMIT_MS);

describe('the base image', () => {
  it('is found again at once', async () => {
    const again = await ensureImage({
      docker,
      network: config,
      agents: config.agents,
      onProgress: () => {},
      signal: never,
    });
    expect(again).toEqual({ tag: image.tag, id: image.id, built: false });
  });

  it('keeps its contract', async () => {
    const took = await bestOf(3, VERIFY_LIMIT_MS, async () => {
      const began = performance.now();
      expect(await verifyImage(docker, image.tag, never)).toEqual([]);
      return performance.now() - began;
    });
    console.log(`its contract was checked in ${Math.round(took)} ms`);
    expect(took).toBeLessThan(VERIFY_LIMIT_MS);
  });

  it('carries nothing of the build: no certificates of this machine, no proxy, no package store', async () => {
    const built = docker.getImage(image.tag);
    const { Config } = await built.inspect();
    expect(Config.Env?.join('\n')).not.toMatch(/proxy|registry|ca_?cert|cafile/i);
    const history = (await built.history()) as { CreatedBy: string }[];
    expect(history.map(({ CreatedBy }) => CreatedBy).join('\n')).not.toMatch(
      /_proxy|registry=|index=|https?:/i,
    );
    const { exitCode, output } = await runIn(
      'ls -d /run/network /run/apt /home/sandbox/.local /root/.local /home/sandbox/.cache',
    );
    expect(output).not.toMatch(/^\//m);
    expect(exitCode).not.toBe(0);
  });
});

describe('an image that breaks its contract', () => {
  const runtimed = '/usr/local/lib/sandboxd/runtimed.mjs';

  it.each<{ what: string; dockerfile: string[]; faults: [number, RegExp][] }>([
    {
      what: 'no such main process',
      dockerfile: ['ENTRYPOINT ["/no/such/program"]'],
      faults: [[1, /exec \/no\/such\/program failed/]],
    },
    {
      what: 'a shell for a main process',
      dockerfile: ['ENTRYPOINT ["/bin/bash"]'],
      faults: [[1, /main process \(\/bin\/bash\) must be runtimed: it ended by itself with code 0/]],
    },
    {
      what: 'no runtimed',
      dockerfile: [`RUN rm ${runtimed}`],
      faults: [[1, /ended by itself with code 1: .*Cannot find module/]],
    },
    {
      what: 'another main process',
      dockerfile: ['ENTRYPOINT ["sleep", "infinity"]'],
      faults: [[1, /sleep infinity.*nothing answers on \/run\/sandboxd\/control.sock within 15 seconds/]],
    },
    {
      what: 'a shell that keeps the signal to itself',
      dockerfile: [`ENTRYPOINT ["bash", "-c", "node ${runtimed}; true"]`],
      faults: [[1, /on SIGTERM it ended with code 143, not 0/]],
    },
    {
      what: 'another signal than the one that ends in order',
      dockerfile: ['STOPSIGNAL SIGQUIT'],
      faults: [[1, /on SIGTERM it ended with code 1\d\d, not 0/]],
    },
    {
      what: 'no uid 1000',
      dockerfile: ['RUN userdel sandbox'],
      faults: [
        [2, /uid 1000 is nobody in \/etc\/passwd/],
        [2, /gid 1000 is no group in \/etc\/group/],
      ],
    },
    {
      what: 'another user, at home elsewhere',
      dockerfile: [
        'RUN usermod --login app --home /srv sandbox && groupmod --new-name app sandbox',
        "RUN echo 'HOME=/srv' > /etc/profile.d/home.sh",
      ],
      faults: [
        [2, /uid 1000 is app in/],
        [2, /gid 1000 is app in/],
        [3, /home of uid 1000 is "\/srv"/],
        [3, /HOME is "\/srv" in a login shell/],
      ],
    },
    {
      what: 'starter files that are missing or kept to root',
      dockerfile: [
        'RUN rm -r /opt/templates/worker && chmod 600 /opt/templates/react-standard/src/App.tsx',
        'RUN mkdir /opt/sandbox-skel && install --mode=600 /dev/null /opt/sandbox-skel/.npmrc',
      ],
      faults: [
        [4, /templates\/worker is missing/],
        [4, /src\/App.tsx is not readable/],
        [4, /sandbox-skel\/.npmrc is not readable/],
      ],
    },
    {
      what: 'a layer of root’s, with a file that is no dependency',
      dockerfile: [
        'RUN cd /opt/layers/react-standard/workspace/app && chown root node_modules/.modules.yaml',
        'RUN cd /opt/layers/react-standard/workspace/app && install --owner=1000 /dev/null package.json',
      ],
      faults: [
        [5, /\.modules\.yaml does not belong to uid 1000/],
        [5, /package\.json stands in the way/],
      ],
    },
    { what: 'a volume', dockerfile: ['VOLUME /data'], faults: [[6, /volume \/data/]] },
    {
      what: 'tools that are missing, broken, or on the PATH of ENV alone',
      dockerfile: [
        'RUN rm -r /usr/local/bin/pnpm /usr/lib/python3*/ensurepip',
        'RUN mkdir /opt/tools && mv /usr/local/bin/node /opt/tools/node',
        'ENV PATH=/opt/tools:$PATH',
        `ENTRYPOINT ["node", "${runtimed}"]`,
        `RUN printf '#!/bin/sh\\necho no such library; exit 127\\n' > /usr/local/bin/git && chmod 755 /usr/local/bin/git`,
      ],
      faults: [
        [
          7,
          /node is not on .*\/opt\/tools\/node is on that of the image's ENV, which a login shell replaces/,
        ],
        [7, /pnpm is not on the PATH of a login shell \(.*\)$/],
        [7, /git does not run: no such library/],
        [7, /python3 lacks the module ensurepip/],
      ],
    },
    {
      what: 'agents that are offered and not there, broken, or unknown',
      dockerfile: [
        'RUN mkdir /srv/bin && cd /srv/bin && ln -s /usr/bin/true opencode && rm /usr/bin/rg',
        'RUN printf "#!/bin/sh\\necho no such library; exit 127\\n" > /srv/bin/codex && chmod 755 /srv/bin/codex',
        "RUN echo 'PATH=/srv/bin:/usr/local/bin:/usr/bin:/bin' > /etc/profile.d/sandboxd.sh",
        'LABEL sandboxd.agents="opencode,claude-code, codex,hal"',
      ],
      faults: [
        [8, /^rg is not on .*, and opencode searches with it$/],
        [8, /^claude is not on the PATH of a login shell \(.*\), and the label sandboxd.agents offers it$/],
        [8, /^codex does not run.*: no such library/],
        [8, /the label sandboxd.agents offers "hal"; it may name opencode, claude-code, codex$/],
      ],
    },
    {
      what: 'a login shell that goes away',
      dockerfile: ["RUN echo 'cd /' > /etc/profile.d/away.sh"],
      faults: [[7, /a login shell goes to \//]],
    },
    {
      what: 'a login shell that ends',
      dockerfile: ["RUN echo 'echo not today; exit 3' > /etc/profile.d/gone.sh"],
      faults: [[7, /a login shell .* does not work.*not today/]],
    },
    {
      what: 'no bash, as in an image of Alpine',
      dockerfile: ['RUN rm /usr/bin/bash'],
      faults: [[7, /a login shell .*bash failed: No such file/]],
    },
  ])('is told of $what', async ({ dockerfile, faults }) => {
    await using broken = await customImage(image.tag, dockerfile);
    const expected = faults.map(([clause, says]) => ({ clause, message: expect.stringMatching(says) }));
    expect(await verifyImage(docker, broken.tag, never)).toEqual(expected);
  });

  it('is told of every clause at once, and leaves no container behind', async () => {
    await using broken = await customImage(image.tag, [
      'RUN usermod --login app sandbox && rm -r /usr/local/bin/pnpm /opt/templates/worker',
      'VOLUME /data',
      'ENTRYPOINT ["/bin/sh"]',
    ]);
    const faults = await verifyImage(docker, broken.tag, never);
    expect(faults.map(({ clause }) => clause)).toEqual([1, 2, 4, 6, 7]);
    const filters = { ancestor: [broken.tag] };
    expect(await docker.listContainers({ all: true, filters })).toEqual([]);
  });

  it('is told that it is for another kind of machine', async () => {
    await using foreign = await foreignImage();
    const faults = await verifyImage(docker, foreign.tag, never);
    const message = expect.stringContaining(`the image is for ${foreign.architecture}, this machine is`);
    expect(faults).toEqual([{ clause: 1, message }]);
  });
});

const reactHome = () => layeredHome(docker, config.dockerSocket, image.id, 'react-standard');

describe('the React starter on its prepared layer, confined and without a network', () => {
  const seed = 'cp -R /opt/templates/react-standard/. ~/workspace/app/ && cd ~/workspace/app || exit 1';

  it('shows its first page within seconds, and bundles nothing anew', async () => {
    await using home = await reactHome();
    const began = performance.now();
    const { exitCode, output } = await runIn(
      `${seed}
       pnpm dev >/tmp/dev.log 2>&1 &
       get() { curl --silent --fail "$@"; }
       for i in $(seq 2000); do curl -sf -o /dev/null http://127.0.0.1:3000/ && break; sleep 0.02; done
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
    await using home = await reactHome();
    const pin = `sed -i 's/"private"/"packageManager": "pnpm@9.1.0", "private"/' package.json`;
    const { exitCode, output } = await runIn(`${seed}; ${pin}; pnpm build && ls dist`, home.mount);
    expect(output).toContain('index.html');
    expect(exitCode).toBe(0);
  });

  it('bundles anew what an app asks for beyond that', async () => {
    await using home = await reactHome();
    const { exitCode, output } = await runIn(
      `${seed}
       sed -i 's/  server: {/  optimizeDeps: { include: ["react-dom\\/server"] },\\n&/' vite.config.ts
       pnpm dev >/tmp/dev.log 2>&1 &
       for i in $(seq 1000); do curl -sf -o /dev/null http://127.0.0.1:3000/src/main.tsx && break; sleep 0.05; done
       for i in $(seq 1000); do [ -e node_modules/.vite/deps/react-dom_server.js ] && exit 0; sleep 0.05; done
       cat /tmp/dev.log; exit 1`,
      home.mount,
    );
    expect(output).not.toMatch(/error/i);
    expect(exitCode).toBe(0);
  });
});

it('the worker starter beats', async () => {
  const { output } = await runIn(
    'INTERVAL_SECONDS=0.01 timeout 60 bash /opt/templates/worker/worker.sh | head -2',
  );
  expect(output).toMatch(/^\S+Z heartbeat 1\r?\n\S+Z heartbeat 2\r?$/m);
});

it('Python apps find their framework without an installation', async () => {
  const script =
    'python3 -m venv --system-site-packages /tmp/v && /tmp/v/bin/python -c "import fastapi, uvicorn"';
  expect(await runIn(script)).toEqual({ exitCode: 0, output: '' });
});

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
