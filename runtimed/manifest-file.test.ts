import { execFileSync } from 'node:child_process';
import { mkdir, open, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { WebDefinition } from '../src/domain/manifest.ts';
import { findPreset } from '../src/domain/preset.ts';
import { ManifestFile } from './manifest-file.ts';
import { PATIENT } from './testing/patience.ts';
import { type Machine, manifest, prepareMachine, QUICK, writeFiles } from './testing/sandbox.ts';

const fileOf = ({ app, options }: Machine) =>
  new ManifestFile(app, findPreset('react-vite'), options.timings);

describe('loading sandbox.yaml', () => {
  it('gives what is declared', async () => {
    await using machine = await prepareMachine({ app: { 'sandbox.yaml': 'web: {command: run}' } });
    expect((await fileOf(machine).load()).manifest.web?.command).toBe('run');
  });

  it('gives the defaults where there is none, in the words of the pinned package manager', async () => {
    await using machine = await prepareMachine({ app: { 'package.json': '{"packageManager":"npm@11"}' } });
    const { manifest, problems } = await fileOf(machine).load();
    expect(manifest.web?.command).toBe('npm run dev');
    expect(problems).toEqual([]);
  });

  it.each([
    ['a directory', (path: string) => mkdir(path, { recursive: true }), 'is not a regular file'],
    ['a symlink', (path: string) => symlink('/etc/passwd', path), 'is not a regular file'],
    ['a FIFO', async (path: string) => execFileSync('mkfifo', [path]), 'is not a regular file'],
    ['endless', (path: string) => writeFile(path, '#'.repeat(10_000_000)), 'is longer than'],
    ['not text', (path: string) => writeFile(path, Buffer.from([0, 255, 254, 10])), 'mapping'],
  ])('gives the defaults and a problem where it is %s', async (_, put, message) => {
    await using machine = await prepareMachine({ app: { 'x.js': '' } });
    await put(join(machine.app, 'sandbox.yaml'));
    const { manifest, problems } = await fileOf(machine).load();
    expect(manifest.web?.command).toBe('pnpm dev');
    expect(problems[0]?.message).toContain(message);
  });
});

/** Watches a manifest, and collects the ports it declares. */
async function watching(timings = QUICK) {
  const machine = await prepareMachine({ app: { 'sandbox.yaml': manifest({ web: { port: 1 } }) } });
  const file = new ManifestFile(machine.app, undefined, timings);
  const leaving = new AbortController();
  const ports: (number | undefined)[] = [];
  const done = file.watch(async () => {
    const { web }: { web?: WebDefinition } = (await file.load()).manifest;
    ports.push(web?.port);
  }, leaving.signal);
  await expect.poll(() => ports, PATIENT).toEqual([1]);
  return {
    machine,
    ports,
    /** In place, and at one stroke: a file that is emptied first may be read in between. */
    async edit(port: number) {
      await using written = await open(join(machine.app, 'sandbox.yaml'), 'r+');
      await written.write(manifest({ web: { port } }));
    },
    async replace(port: number) {
      await writeFiles(machine.app, { 'other.yaml': manifest({ web: { port } }) });
      await rename(join(machine.app, 'other.yaml'), join(machine.app, 'sandbox.yaml'));
    },
    async [Symbol.asyncDispose]() {
      leaving.abort();
      await done;
      await machine[Symbol.asyncDispose]();
    },
  };
}

describe('watching sandbox.yaml', () => {
  it('sees an edit, a replacement, and a deletion', async () => {
    await using it = await watching();
    await it.edit(2);
    await expect.poll(() => it.ports, PATIENT).toEqual([1, 2]);
    await it.replace(3);
    await expect.poll(() => it.ports, PATIENT).toEqual([1, 2, 3]);
    await rm(join(it.machine.app, 'sandbox.yaml'));
    await expect.poll(() => it.ports, PATIENT).toEqual([1, 2, 3, 3000]);
  });

  it('sees an edit quickly, without having to look', async () => {
    await using it = await watching({ ...QUICK, manifestPoll: 60_000 });
    await it.edit(2);
    await expect.poll(() => it.ports, PATIENT).toEqual([1, 2]);
  });

  it('sees edits after the whole directory was replaced', async () => {
    await using it = await watching();
    await rm(it.machine.app, { recursive: true });
    await expect.poll(() => it.ports, PATIENT).toEqual([1, 3000]);
    await it.replace(4);
    await expect.poll(() => it.ports, PATIENT).toEqual([1, 3000, 4]);
  });

  it('does not read a file that is still being written', async () => {
    await using it = await watching({ ...QUICK, manifestRest: 1000 });
    await writeFile(join(it.machine.app, 'sandbox.yaml'), '');
    await it.replace(5);
    await expect.poll(() => it.ports, PATIENT).toEqual([1, 5]);
  });
});
