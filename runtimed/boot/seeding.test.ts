import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findPreset } from '../../src/domain/preset.ts';
import { collecting, type Machine, prepareMachine, readIn, type SandboxSetup } from '../testing/sandbox.ts';
import { seedOf } from './seed-plan.ts';
import { seedHome } from './seeding.ts';

const IMAGE = {
  'skeleton/.profile': 'export A=1\n',
  'templates/react-standard/package.json': '{}',
  'templates/react-standard/src/main.tsx': 'main',
  'templates/react-standard/node_modules/left-out/index.js': 'x',
  'templates/worker/worker.sh': 'echo hi',
};
const REACT_MANIFEST = findPreset('react-vite')?.manifest ?? '';

/** Boots the first time, and tells what was logged. */
async function seed({ options }: Machine): Promise<string[]> {
  const log: string[] = [];
  await seedHome(options, seedOf(options.preset, options.template), collecting(log));
  return log;
}

const machineWith = (setup: SandboxSetup = {}) =>
  prepareMachine({ preset: 'react-vite', image: IMAGE, ...setup });

/** Every file of a home but the runtime's own, sorted. */
async function filesOf(home: string): Promise<string[]> {
  const entries = await readdir(home, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory());
  return files
    .map((entry) => join(entry.parentPath, entry.name).slice(home.length + 1))
    .filter((path) => !path.startsWith('.runtimed/'))
    .toSorted();
}

const SEEDED = [
  '.profile',
  'workspace/app/package.json',
  'workspace/app/sandbox.yaml',
  'workspace/app/src/main.tsx',
];

describe('the first boot', () => {
  it('fills an empty home with skeleton, template and manifest', async () => {
    await using machine = await machineWith();
    await seed(machine);
    expect(await filesOf(machine.home)).toEqual(SEEDED);
    expect(await readIn(machine.app, 'sandbox.yaml')).toBe(REACT_MANIFEST);
  });

  it('takes prepared dependencies, and the directories that lead to them, for nothing', async () => {
    await using machine = await machineWith({ app: { 'node_modules/react/package.json': '{}' } });
    await seed(machine);
    expect(await filesOf(machine.home)).toEqual([
      SEEDED[0],
      'workspace/app/node_modules/react/package.json',
      ...SEEDED.slice(1),
    ]);
  });

  it.each([
    [
      'a home with files keeps its own skeleton',
      { home: { '.bashrc': 'mine' } },
      ['.bashrc', ...SEEDED.slice(1)],
    ],
    [
      'an app with files gets no template, but a manifest',
      { app: { 'mine.js': '' } },
      ['workspace/app/mine.js', 'workspace/app/sandbox.yaml'],
    ],
    [
      'a blank template leaves the app empty, with the manifest of a named preset',
      { template: 'blank' },
      ['.profile', 'workspace/app/sandbox.yaml'],
    ],
    ['a blank template alone brings no manifest', { preset: undefined, template: 'blank' }, ['.profile']],
    [
      'a template alone brings the manifest of its preset',
      { preset: undefined, template: 'react-standard' },
      SEEDED,
    ],
    [
      'a template that the image does not have leaves the app empty',
      { preset: undefined, template: '../skeleton' },
      ['.profile'],
    ],
    ['neither preset nor template is the default preset', { preset: undefined }, SEEDED],
    ['an unknown preset is the default preset', { preset: 'cobol' }, SEEDED],
    ['an image without a skeleton or templates', { image: {} }, ['workspace/app/sandbox.yaml']],
  ] as [string, SandboxSetup, string[]][])('%s', async (_, setup, expected) => {
    await using machine = await machineWith(setup);
    await seed(machine);
    expect(await filesOf(machine.home)).toEqual(expected);
  });

  it('says loudly that a preset is unknown', async () => {
    await using machine = await machineWith({ preset: 'cobol' });
    expect((await seed(machine)).join('\n')).toMatch(/unknown preset.*cobol/);
  });

  it('overwrites neither a manifest nor a dotfile that is there', async () => {
    await using machine = await machineWith({
      app: { 'sandbox.yaml': 'mine' },
      home: { '.profile': 'mine' },
    });
    await seed(machine);
    expect(await readIn(machine.app, 'sandbox.yaml')).toBe('mine');
    expect(await readIn(machine.home, '.profile')).toBe('mine');
  });

  it('writes the manifest in the words of the package manager that the app pins', async () => {
    await using machine = await machineWith({ app: { 'package.json': '{"packageManager":"yarn@4.1.0"}' } });
    await seed(machine);
    expect(await readIn(machine.app, 'sandbox.yaml')).toContain('command: yarn dev\n');
  });

  it('keeps the modes and symlinks of a template', async () => {
    await using machine = await machineWith();
    const template = join(machine.root, 'templates/react-standard');
    await chmod(join(template, 'src/main.tsx'), 0o755);
    await symlink('src/main.tsx', join(template, 'entry'));
    await seed(machine);
    expect((await stat(join(machine.app, 'src/main.tsx'))).mode & 0o777).toBe(0o755);
    expect(await readIn(machine.app, 'entry')).toBe('main');
  });
});

describe('every later boot', () => {
  it('seeds nothing, however empty the home has become', async () => {
    await using machine = await machineWith();
    await seed(machine);
    for (const file of SEEDED) await rm(join(machine.home, file));
    await seed(machine);
    expect(await filesOf(machine.home)).toEqual([]);
  });

  it.each([
    ['garbage', (path: string) => writeFile(path, '{"state": "hello')],
    ['an endless file', (path: string) => writeFile(path, 'x'.repeat(100_000))],
    [
      'a directory',
      async (path: string) => {
        await rm(path);
        await mkdir(path);
      },
    ],
    [
      'a symlink',
      async (path: string) => {
        await rm(path);
        await symlink('/dev/zero', path);
      },
    ],
  ])('is not confused by %s where it keeps its memory', async (_, put) => {
    await using machine = await machineWith();
    await seed(machine);
    await put(join(machine.home, '.runtimed/boot.json'));
    await rm(join(machine.app, 'sandbox.yaml'));
    await seed(machine);
    expect(await filesOf(machine.home)).toEqual(SEEDED.filter((path) => !path.endsWith('sandbox.yaml')));
  });

  it('goes on when the memory cannot be kept at all', async () => {
    await using machine = await machineWith({ home: { '.runtimed': 'a file' } });
    expect((await seed(machine)).join('\n')).toContain('home not seeded');
  });
});

describe('a first boot that was cut off', () => {
  it('is completed with what was decided at first, and leaves what was written meanwhile', async () => {
    await using machine = await machineWith();
    const decision = { state: 'seeding', decision: { skeleton: true, template: 'react-standard' } };
    await mkdir(join(machine.app, 'src'), { recursive: true });
    await mkdir(join(machine.home, '.runtimed/seeding'), { recursive: true });
    await writeFile(join(machine.home, '.runtimed/boot.json'), JSON.stringify(decision));
    await writeFile(join(machine.home, '.runtimed/seeding/file'), 'half a fi');
    await writeFile(join(machine.app, 'src/main.tsx'), 'edited');
    await seed(machine);
    expect(await filesOf(machine.home)).toEqual(SEEDED);
    expect(await readIn(machine.app, 'src/main.tsx')).toBe('edited');
  });

  it('ends whole, however often it is killed, and never shows half a file', async () => {
    const content = 'x'.repeat(50_000);
    const names = Array.from(
      { length: 60 },
      (_, index) => `templates/react-standard/d${index % 7}/f${index}`,
    );
    await using machine = await machineWith({
      image: Object.fromEntries(names.map((name) => [name, content])),
    });
    for (const delay of [0, 2, 4, 8, 16]) await seedAndKill(machine, delay);
    await seed(machine);
    const files = (await filesOf(machine.app)).filter((path) => path !== 'sandbox.yaml');
    expect(files).toEqual(names.map((name) => name.slice('templates/react-standard/'.length)).toSorted());
    const sizes = await Promise.all(
      files.map(async (path) => (await readFile(join(machine.app, path))).length),
    );
    expect(new Set(sizes)).toEqual(new Set([content.length]));
  });
});

/** Seeds in a process of its own, and kills that some milliseconds after it has begun. */
async function seedAndKill({ options }: Machine, delay: number): Promise<void> {
  const script = `
    import { seedHome } from ${JSON.stringify(join(import.meta.dirname, 'seeding.ts'))};
    import { seedOf } from ${JSON.stringify(join(import.meta.dirname, 'seed-plan.ts'))};
    const options = ${JSON.stringify(options)};
    const logger = { info() {}, warn() {}, error(_, cause) { throw cause; } };
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), ${delay});
    await seedHome(options, seedOf(options.preset, options.template), logger);
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let failure = '';
  child.stderr.on('data', (chunk: Buffer) => {
    failure += chunk.toString();
  });
  await once(child, 'close');
  if (failure !== '') throw new Error(failure);
}
