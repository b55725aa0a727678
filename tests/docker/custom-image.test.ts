import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ensureImage } from '../../images/build.ts';
import { ensureRootfs } from '../../images/rootfs.ts';
import { writeFiles } from '../../runtimed/testing/sandbox.ts';
import { loadConfig } from '../../src/config.ts';
import { GENERATED_DIRECTORIES } from '../../src/domain/paths.ts';
import { customImage, removeImage } from '../harness/custom-image.ts';
import { filesOf, readDocument, type Section } from '../harness/document.ts';
import { visit } from '../harness/http.ts';
import { Installation } from '../harness/installation.ts';

const config = loadConfig(process.env);
const docker = new Docker({ socketPath: config.dockerSocket });
const never = new AbortController().signal;
const BUILD_LIMIT_MS = 600_000;
// Images are built in every test, and packages of the distribution installed in some.
vi.setConfig({ testTimeout: 280_000 });

let base: string;

beforeAll(async () => {
  base = (
    await ensureImage({ docker, network: config, agents: config.agents, onProgress: () => {}, signal: never })
  ).tag;
}, BUILD_LIMIT_MS);

interface Failed {
  code: number;
  stdout: string;
  stderr: string;
}

const upFails = (site: Installation): Promise<Failed> =>
  site.command('up', '--yes', '--detach').then(
    () => expect.unreachable('it was accepted'),
    (error: unknown) => error as Failed,
  );

describe('up with an image that breaks the contract', () => {
  it.each<{ what: string; clause: number; says: RegExp; dockerfile: string[] }>([
    {
      what: 'without runtimed',
      clause: 1,
      says: /Cannot find module/,
      dockerfile: ['RUN rm /usr/local/lib/sandboxd/runtimed.mjs'],
    },
    {
      what: 'with a shell for a main process',
      clause: 1,
      says: /\/bin\/bash\) must be runtimed/,
      dockerfile: ['ENTRYPOINT ["/bin/bash"]'],
    },
    { what: 'without uid 1000', clause: 2, says: /useradd/, dockerfile: ['RUN userdel sandbox'] },
    {
      what: 'with its tools on the PATH of ENV alone',
      clause: 7,
      says: /git is not on .*ENV.*\/etc\/profile\.d/,
      dockerfile: ['RUN mkdir /opt/git && mv /usr/bin/git /opt/git/', 'ENV PATH=/opt/git:$PATH'],
    },
    {
      what: 'without bash',
      clause: 7,
      says: /bash failed: No such file/,
      dockerfile: ['RUN rm /usr/bin/bash'],
    },
  ])('refuses one $what, and leaves nothing behind', async ({ clause, says, dockerfile }) => {
    await using image = await customImage(base, dockerfile);
    await using site = await Installation.make({ SANDBOXD_IMAGE: image.tag });
    const { code, stdout, stderr } = await upFails(site);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`the image ${image.tag} breaks the base-image contract`);
    const lines = stderr.split('\n').filter((line) => line.startsWith('  clause '));
    for (const line of lines) expect(line).toMatch(new RegExp(`^  clause ${clause}: `));
    expect(lines.join('\n')).toMatch(says);
    expect(stderr).toContain('Mend the image and try again');
    await expect(site.command('status')).rejects.toMatchObject({ code: 3 });
    expect(await readdir(site.dataDir)).toEqual([]);
    const filters = { label: [`sandboxd.verify`], ancestor: [image.tag] };
    expect(await docker.listContainers({ all: true, filters })).toEqual([]);
  });

  it('takes it when it is mended under the same name, and refuses it when it is broken again', async () => {
    await using image = await customImage(base, ['RUN userdel sandbox']);
    await using site = await Installation.make({ SANDBOXD_IMAGE: image.tag });
    expect((await upFails(site)).stderr).toContain('clause 2');
    await image.rebuild(['RUN touch /opt/mended']);
    await site.up();
    await site.command('down');
    await image.rebuild(['RUN rm /usr/local/bin/pnpm']);
    expect((await upFails(site)).stderr).toContain('clause 7: pnpm');
  });

  it('says when it was made from another base', async () => {
    await using image = await customImage(base, ['LABEL sandboxd.base=sandboxd/base:000000000000']);
    await using site = await Installation.make({ SANDBOXD_IMAGE: image.tag });
    expect(await site.shell('./sandboxd up --yes --detach 2>&1')).toContain(
      `The image ${image.tag} is made from sandboxd/base:000000000000, this version has ${base}: build it again.`,
    );
  });

  it('tells programs which clauses are broken', async () => {
    await using image = await customImage(base, ['VOLUME /data', 'RUN rm -r /opt/templates/worker']);
    await using site = await Installation.make();
    const failed = await site.command('image', 'verify', image.tag, '--json').catch((error: Failed) => error);
    expect(failed).toMatchObject({ code: 1 });
    const { ok, faults } = JSON.parse((failed as Failed).stdout) as { ok: boolean; faults: object[] };
    expect(ok).toBe(false);
    expect(faults).toMatchObject([{ clause: 4 }, { clause: 6 }]);
  });
});

describe('the images of docs/base-image.md', () => {
  let home: string;
  let sections: readonly Section[];
  const tags = {
    'acme/sandbox:1': `sandboxd-test:${randomUUID()}`,
    'acme/scratch:1': `sandboxd-test:${randomUUID()}`,
  };

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'sandboxd-acme-'));
    sections = await readDocument('base-image.md');
    const files = Object.assign({}, ...sections.map(filesOf)) as Record<string, string>;
    const rootfs = await ensureRootfs(docker, config, () => {}, never);
    const scratch = files['Dockerfile.scratch']?.replace('debian:bookworm-slim', rootfs) ?? '';
    await writeFiles(join(home, 'acme-sandbox'), { ...files, 'Dockerfile.scratch': scratch });
  });
  afterAll(async () => {
    for (const tag of Object.values(tags)) await removeImage(tag);
    await rm(home, { recursive: true, force: true });
  });

  /** The commands of a section, for images under names that nobody else has. */
  const commandsOf = (title: string): string => {
    const { fences = [] } = sections.find((section) => section.title === title) ?? {};
    const text = fences
      .filter(({ language, title }) => language === 'sh' && title === '')
      .map(({ text }) => text);
    expect(text).toHaveLength(1);
    return Object.entries(tags).reduce((all, [name, tag]) => all.replaceAll(name, tag), text.join(''));
  };

  it('the custom one is built, checked and started as it says, and its apps have what it adds', async () => {
    await using site = await Installation.make({ HOME: home });
    expect(await site.shell(commandsOf('A custom image'))).toContain('is fit');
    await site.up();
    const app = await site.json<{ id: string }>('POST', '/v1/apps', {
      name: 'Acme',
      runtime_preset: 'react-vite',
    });
    const box = await site.json<{ id: string; preview: { url: string } }>(
      'POST',
      `/v1/apps/${app.id}/sandbox`,
    );
    expect(await visit(box.preview.url)).toMatchObject({ status: 200 });
    expect((await visit(`${box.preview.url}/src/App.tsx`)).text).toContain('Built at Acme');
    const cmd = ['bash', '-lc', 'acme-hello; acme-db -version; git config user.name; command -v acme-db'];
    const { stdout } = await site.json<{ stdout: string }>('POST', `/v1/sandboxes/${box.id}/exec`, { cmd });
    expect(stdout).toMatch(/^Hello from Acme\n3\.\d+.*\nAcme Apps\n\/opt\/acme\/acme-db\n$/);
  });

  it('the one from scratch is built and fit', async () => {
    await using site = await Installation.make({ HOME: home });
    expect(await site.shell(commandsOf('An image from scratch'))).toContain('is fit');
  });

  it('lists every directory that tools generate', () => {
    const contract = sections.find(({ title }) => title === 'The contract')?.text ?? '';
    const [, list = ''] = /Outside of ([^]*?) it\s+holds only directories/.exec(contract) ?? [];
    expect(new Set(list.match(/[\w.]+(?=`)/g))).toEqual(GENERATED_DIRECTORIES);
  });
});
