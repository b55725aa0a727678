import { randomUUID } from 'node:crypto';
import Docker from 'dockerode';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { bootstrapRootfs } from '../../images/bootstrap.ts';
import { type EnsuredImage, ensureImage } from '../../images/build.ts';
import { buildArgs, networkFiles } from '../../images/build-network.ts';
import { buildImage } from '../../images/engine-build.ts';
import { loadConfig } from '../../src/config.ts';
import { Elsewhere } from '../harness/elsewhere/elsewhere.ts';
import { MIRRORED } from '../harness/elsewhere/packages.ts';
import { Installation } from '../harness/installation.ts';

const config = loadConfig(process.env);
const docker = new Docker();
const never = new AbortController().signal;
const onProgress = () => undefined;
const { name: PACKAGE, says: SAYS } = MIRRORED;

let elsewhere: Elsewhere;
let image: EnsuredImage;

beforeAll(async () => {
  // Built past the proxy of these tests, which knows nothing of the world.
  image = await ensureImage({ docker, network: config, agents: config.agents, onProgress, signal: never });
  elsewhere = await Elsewhere.make();
});
beforeEach(() => {
  elsewhere.visits.length = 0;
});
afterAll(() => elsewhere?.[Symbol.asyncDispose]());

/** Everything by names that only the proxy knows, and certificates that only the bundle vouches for. */
const throughProxy = () => ({
  HTTP_PROXY: elsewhere.proxy,
  HTTPS_PROXY: elsewhere.proxy,
  NO_PROXY: '',
  SANDBOXD_CA_FILE: elsewhere.caFile,
  SANDBOXD_NPM_REGISTRY: 'https://registry.test/npm/',
  SANDBOXD_PYPI_INDEX: 'https://pypi.test/simple/',
});

/** Mirrors at a plain address, which is an exception from the proxy. */
const pastProxy = () => ({
  NO_PROXY: elsewhere.address,
  SANDBOXD_NPM_REGISTRY: `http://${elsewhere.address}/npm/`,
  SANDBOXD_PYPI_INDEX: `http://${elsewhere.address}/simple/`,
});

const printed = `node -p "require('${PACKAGE}')"`;
const inProject = (install: string, program = printed, manifest = '{}') =>
  `cd $(mktemp -d) && echo '${manifest}' > package.json && ${install} >&2 && ${program}`;
/** How each package manager installs the mirrors' package, and its program says where it came from. */
const INSTALLS: [manager: string, script: string][] = [
  ['npm', inProject(`npm install ${PACKAGE}`)],
  ['pnpm', inProject(`pnpm add ${PACKAGE}`)],
  ['Yarn 1', inProject(`yarn add ${PACKAGE}`)],
  ['Yarn 4', inProject(`yarn add ${PACKAGE}`, `yarn ${printed}`, '{"packageManager":"yarn@4.9.1"}')],
  ['Bun', inProject(`bun add ${PACKAGE}`)],
  [
    'pip',
    `cd $(mktemp -d) && python3 -m venv . && bin/pip install ${PACKAGE} >&2 &&
     bin/python -c 'import ${PACKAGE.replaceAll('-', '_')} as it; print(it.SAYS)'`,
  ],
];

const PAGE = 'https://web.test/hello';
const GREETING = 'hello from elsewhere';
const PROGRAMS: [program: string, script: string, says: string][] = [
  ['fetch in Node', `node -e "fetch('${PAGE}').then(async (a) => console.log(await a.text()))"`, GREETING],
  ['https in Node', `node -e "https.get('${PAGE}', (a) => a.pipe(process.stdout))"`, GREETING],
  ['curl', `curl --fail --silent --show-error ${PAGE}`, GREETING],
  ['git', 'git ls-remote https://web.test/repository.git', 'refs/heads/main'],
  ['Python', `python3 -c "from urllib.request import urlopen as u; print(u('${PAGE}').read())"`, GREETING],
];

describe('a sandbox', () => {
  let site: Installation;
  let sandbox: string;

  beforeAll(async () => {
    site = await Installation.make(throughProxy());
    await site.up();
    const app = await site.json<{ id: string }>('POST', '/v1/apps', {
      name: 'Far',
      runtime_preset: 'worker',
    });
    sandbox = (await site.json<{ id: string }>('POST', `/v1/apps/${app.id}/sandbox`)).id;
  });
  afterAll(() => site?.[Symbol.asyncDispose]());

  /** What a script prints. */
  const run = async (script: string): Promise<string> => {
    const body = { cmd: ['bash', '-lc', script], timeout_s: 100 };
    const path = `/v1/sandboxes/${sandbox}/exec`;
    const { exit_code, stdout, stderr } = await site.json<Record<string, string | number>>(
      'POST',
      path,
      body,
    );
    if (exit_code !== 0) throw new Error(`The script ended with ${exit_code}:\n${stderr}`);
    return String(stdout);
  };

  it.each(PROGRAMS)('reaches a site through the proxy, and trusts it, with %s', async (_, script, says) => {
    expect(await run(script)).toContain(says);
    expect(elsewhere.targets('proxy')).toEqual(['web.test:443']);
  });

  it.each(['curl --silent', 'node -e "fetch(process.argv[1]).then((a) => a.text()).then(console.log)"'])(
    'reaches an unencrypted site through the proxy with %s',
    async (program) => {
      expect(await run(`${program} http://web.test/hello`)).toContain(GREETING);
      expect(elsewhere.targets('proxy')).toHaveLength(1);
    },
  );

  it('reaches its own servers past the proxy', async () => {
    const script = `
      const server = http.createServer((_, answer) => answer.end('mine')).listen(0, '127.0.0.1', async () => {
        const at = 'http://localhost:' + server.address().port;
        console.log(await (await fetch(at)).text());
        child_process.execFile('curl', ['-s', at], (_, out) => server.close(console.log(out)));
      });`;
    expect(await run(`node -e "${script}"`)).toBe('mine\nmine\n');
    expect(elsewhere.visits).toEqual([]);
  });

  it.each(INSTALLS)('installs from the mirror, through the proxy, with %s', async (_, script) => {
    expect(await run(script)).toBe(`${SAYS}\n`);
    expect(elsewhere.targets('https').join()).toContain(`/${PACKAGE}`);
    expect(new Set(elsewhere.targets('proxy'))).toEqual(
      new Set([expect.stringMatching(/^(registry|pypi)\.test:443$/)]),
    );
  });

  describe('after a change of the settings', () => {
    beforeAll(async () => {
      await site.command('down');
      site.configure(pastProxy());
      await site.up();
      await site.json('POST', `/v1/sandboxes/${sandbox}/start`);
    });

    it.each(INSTALLS)('installs from the new mirror, past the proxy, with %s', async (_, script) => {
      expect(await run(script)).toBe(`${SAYS}\n`);
      expect(elsewhere.targets('http').join()).toContain(`/${PACKAGE}`);
      expect(elsewhere.targets('proxy')).toEqual([]);
    });
  });
});

describe('the build of an image', () => {
  const DOCKERFILE = `
    ARG BASE
    FROM \${BASE}
    USER root
    COPY network/ /run/network/
    COPY network/apt/ /run/apt/
    RUN set -a && . /run/network/environment && cd /opt && npm install ${PACKAGE} && ${printed}
    RUN APT_CONFIG=/run/apt/apt.conf apt-get update || true
    RUN rm -r /run/network /run/apt
  `;

  it('uses the same proxy, certificates and mirrors, and keeps nothing of them', async () => {
    const network = loadConfig({ ...throughProxy(), SANDBOXD_DEBIAN_MIRROR: 'https://web.test/debian' });
    const tag = `sandboxd-test:${randomUUID()}`;
    const dockerfile = { name: 'Dockerfile', executable: false, source: Buffer.from(DOCKERFILE) };
    const output: string[] = [];
    const build = {
      tag,
      files: [dockerfile, ...(await networkFiles(network))],
      args: { ...buildArgs(network), BASE: image.tag },
      labels: {},
      describe: () => undefined,
    };
    try {
      await buildImage(docker, build, ({ detail }) => output.push(detail ?? ''), never);
      expect(output).toContain(SAYS);
      expect(elsewhere.targets('proxy')).toEqual(
        expect.arrayContaining(['registry.test:443', 'web.test:443']),
      );
      expect(elsewhere.targets('https')).toContain('https://web.test/debian/dists/bookworm/InRelease');
      const built = docker.getImage(tag);
      const kept = JSON.stringify([await built.inspect(), await built.history()]);
      expect(kept).toContain('npm install');
      for (const trace of [elsewhere.address, 'registry.test', 'web.test', elsewhere.caFile]) {
        expect(kept).not.toContain(trace);
      }
    } finally {
      await docker.getImage(tag).remove({ force: true });
    }
  });

  it('begins with packages of the mirror', async () => {
    const network = { debianMirror: `https://${elsewhere.address}/debian`, caFile: elsewhere.caFile };
    const made = bootstrapRootfs(docker, 'sandboxd-test:no-rootfs', network, onProgress, never);
    // It has none: that it was asked, and trusted, is what counts.
    await expect(made).rejects.toThrow('SANDBOXD_DEBIAN_MIRROR');
    expect(elsewhere.targets('https')).toContain(`${network.debianMirror}/dists/bookworm/InRelease`);
  });
});
