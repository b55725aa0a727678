import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { cpuTime } from '../../tests/harness/cpu-time.ts';
import {
  type Manifest,
  MAX_MANIFEST_LENGTH,
  PACKAGE_MANAGERS,
  presetManifest,
  resolveManifest,
} from './manifest.ts';
import { findPreset, PRESETS, type Preset } from './preset.ts';

const reactVite = findPreset('react-vite') as Preset;
const worker = findPreset('worker') as Preset;
const DEFAULT_WEB = { command: 'pnpm dev', port: 3000, health_path: '/', restart_after_task: false };
const DEFAULT_BUILD = { command: 'pnpm build', timeout_seconds: 120 };

const manifestOf = (text: string | undefined, preset?: Preset): Manifest => {
  const { manifest, problems } = resolveManifest(text, { preset });
  expect(problems).toEqual([]);
  return manifest;
};

describe('resolving a sandbox.yaml', () => {
  it.each([
    undefined,
    '',
    '# only a comment\n',
    'version: 1\n',
    'workers: []\n',
    'workers:\n',
    'web:\n',
    'web: {}\n',
  ])('runs the default web app for %j', (text) => {
    expect(manifestOf(text)).toEqual({ web: DEFAULT_WEB, build: DEFAULT_BUILD, workers: [] });
  });

  it('fills in what a web block leaves open', () => {
    expect(manifestOf('web:\n  port: 8080\n').web).toEqual({ ...DEFAULT_WEB, port: 8080 });
    expect(manifestOf('web:\n  command: node .\n  health_path: /up?x=1\n').web).toEqual({
      ...DEFAULT_WEB,
      command: 'node .',
      health_path: '/up?x=1',
    });
  });

  it('runs no web process when only workers are declared', () => {
    expect(manifestOf('workers: [{name: a, command: b, restart_after_task: true}]')).toEqual({
      build: DEFAULT_BUILD,
      workers: [{ name: 'a', command: 'b', restart_after_task: true }],
    });
  });

  it('tells an unset build command from an empty one', () => {
    expect(manifestOf('build:\n  timeout_seconds: 5\n').build).toEqual({
      command: 'pnpm build',
      timeout_seconds: 5,
    });
    expect(manifestOf('build:\n  command: ""\n').build).toEqual({ command: '', timeout_seconds: 120 });
    expect(manifestOf('build:\n').build).toEqual(DEFAULT_BUILD);
  });

  it('does not require a version, and looks at no field it does not know', () => {
    expect(manifestOf('services: {db: {}}\nversion: 7\nweb: {colour: red}').web).toEqual(DEFAULT_WEB);
  });

  it('takes the preset for its defaults', () => {
    const preset: Preset = { ...reactVite, manifest: 'web: {command: run it, health_path: /health}' };
    expect(manifestOf(undefined, preset).web).toEqual({
      ...DEFAULT_WEB,
      command: 'run it',
      health_path: '/health',
    });
    expect(manifestOf('web: {port: 1}', preset).web).toEqual({ ...DEFAULT_WEB, command: 'run it', port: 1 });
    expect(manifestOf(undefined, worker).workers).toHaveLength(1);
  });

  it.each([
    ['web: [', '', /^is not valid YAML/],
    ['a: 1\na: 2', '', /^is not valid YAML/],
    ['- web', '', /mapping/],
    ['just text', '', /mapping/],
    ['web: yes please', 'web', /mapping/],
    ['web: {port: "3000"}', 'web.port', /whole number from 1 to 65535/],
    ['web: {port: 0}', 'web.port', /whole number/],
    ['web: {port: 65536}', 'web.port', /whole number/],
    ['web: {port: 1.5}', 'web.port', /whole number/],
    ['web: {command: ""}', 'web.command', /empty/],
    ['web: {command: [a]}', 'web.command', /command/],
    ['web: {command: "a\\0b"}', 'web.command', /NUL/],
    ['web: {health_path: health}', 'web.health_path', /start with/],
    ['web: {health_path: "/a b"}', 'web.health_path', /space/],
    ['web: {health_path: "/a\\r\\nX: y"}', 'web.health_path', /space/],
    ['web: {restart_after_task: 1}', 'web.restart_after_task', /true or false/],
    ['build: {timeout_seconds: -1}', 'build.timeout_seconds', /whole number/],
    ['workers: {a: b}', 'workers', /list/],
    ['workers: [{command: a}]', 'workers[0].name', /required/],
    ['workers: [{name: a}]', 'workers[0].command', /required/],
    ['workers: [{name: ../a, command: b}]', 'workers[0].name', /letters/],
    ['workers: [{name: web, command: b}]', 'workers[0].name', /web process/],
    ['workers: [{name: a, command: b}, {name: a, command: c}]', 'workers[1].name', /unique/],
    ['a: *nobody', '', /alias/],
  ])('names what is wrong with %j and runs the defaults', (text, path, message) => {
    const { manifest, problems } = resolveManifest(text);
    expect(problems[0]).toEqual({ path, message: expect.stringMatching(message) as string });
    expect(manifest).toEqual({ web: DEFAULT_WEB, build: DEFAULT_BUILD, workers: [] });
  });
});

it.each([
  ['too long', `# ${'x'.repeat(MAX_MANIFEST_LENGTH)}`, /longer/],
  ['full of aliases', `a: &a [1]\nb: [${'*a,'.repeat(500)}]`, /alias/i],
  ['a key within a key, which would take for ever', '? '.repeat(500), /where a key belongs/],
  ['nested too deep', '['.repeat(MAX_MANIFEST_LENGTH), /nested too deeply/],
])('a file that is %s is a problem, and the defaults run', (_, text, message) => {
  const { manifest, problems } = resolveManifest(text);
  expect(problems).toEqual([{ path: '', message: expect.stringMatching(message) as string }]);
  expect(manifest.web).toEqual(DEFAULT_WEB);
});

describe('the words of a pinned package manager', () => {
  it.each([
    ['pnpm', 'pnpm dev'],
    ['npm', 'npm run dev'],
    ['yarn', 'yarn dev'],
    ['bun', 'bun run dev'],
  ] as const)('%s starts the default app with `%s`', (packageManager, command) => {
    expect(resolveManifest('', { packageManager }).manifest.web?.command).toBe(command);
    expect(resolveManifest('', { preset: reactVite, packageManager }).manifest.web?.command).toBe(command);
    expect(presetManifest(reactVite, packageManager)).toContain(`  command: ${command}\n`);
    // The worker preset has no web process whose command could be taken.
    expect(resolveManifest('web:', { preset: worker, packageManager }).manifest.web?.command).toBe(command);
  });

  it.each([
    ['pnpm', 'pnpm build'],
    ['npm', 'npm run build'],
    ['yarn', 'yarn build'],
    ['bun', 'bun run build'],
  ] as const)('%s checks an app with `%s`, whatever else is declared', (packageManager, command) => {
    for (const text of ['', 'web: {port: 80}', 'workers: [{name: a, command: b}]']) {
      expect(resolveManifest(text, { packageManager }).manifest.build.command).toBe(command);
      expect(resolveManifest(text, { preset: reactVite, packageManager }).manifest.build.command).toBe(
        command,
      );
    }
  });
});

describe('every preset', () => {
  it.each(PRESETS)('$id has a manifest that runs as it is written', (preset) => {
    for (const packageManager of PACKAGE_MANAGERS) {
      expect(resolveManifest(presetManifest(preset, packageManager)).problems).toEqual([]);
    }
  });
});

/** Anything that YAML can say, with a liking for the fields of a manifest. */
const scalar = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constantFrom(null, 'web', '/', 'pnpm dev', 3000, 1, ''),
);
const mapping = (...keys: string[]) =>
  fc.dictionary(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...keys) }, fc.string()), scalar);
const webLike = fc.oneof(mapping('command', 'port', 'health_path', 'restart_after_task'), scalar);
const workerLike = fc.oneof(mapping('name', 'command', 'restart_after_task'), scalar);
const manifestLike = fc.record(
  {
    version: scalar,
    web: webLike,
    build: fc.oneof(mapping('command', 'timeout_seconds'), scalar),
    workers: fc.oneof(fc.array(workerLike), scalar),
    services: scalar,
  },
  { requiredKeys: [] },
);
const goodWorker = fc.record({
  name: fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/).filter((name) => name !== 'web'),
  command: fc.constantFrom('node a.js', 'bash b.sh'),
});
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.string({ unit: fc.constantFrom(...'[]{}:,-?!&*|>"\'#%@` \n\tweb'.split('')), maxLength: 200 }),
  manifestLike.map((value) => stringify(value)),
  fc.jsonValue().map((value) => JSON.stringify(value)),
  fc.uniqueArray(goodWorker, { selector: ({ name }) => name }).map((workers) => stringify({ workers })),
);
const context = fc.record({
  preset: fc.constantFrom(undefined, ...PRESETS),
  packageManager: fc.constantFrom(undefined, ...PACKAGE_MANAGERS),
});

function expectRunnable({ web, build, workers }: Manifest): void {
  expect(web !== undefined || workers.length > 0).toBe(true);
  const commands = [...(web ? [web.command] : []), ...workers.map(({ command }) => command)];
  for (const command of commands) {
    expect(command.trim()).not.toBe('');
    expect(command).not.toContain('\0');
  }
  const { port, health_path } = web ?? DEFAULT_WEB;
  expect(Number.isInteger(port) && port >= 1 && port <= 65_535).toBe(true);
  expect(health_path).toMatch(/^\/[!-~]*$/);
  const names = workers.map(({ name }) => name);
  for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
  expect(new Set([...names, 'web']).size).toBe(names.length + 1);
  expect(build.command).toBeTypeOf('string');
  expect(build.timeout_seconds).toBeGreaterThan(0);
}

describe('any input', () => {
  it('yields something to run, and either the declared or a listed problem', () => {
    fc.assert(
      fc.property(text, context, (text, context) => {
        const { manifest, problems } = resolveManifest(text, context);
        expectRunnable(manifest);
        for (const problem of problems) expect(problem.message).not.toBe('');
        const defaults = resolveManifest(undefined, context).manifest;
        expect(manifest).toEqual(problems.length > 0 ? defaults : manifest);
      }),
      { numRuns: 250 },
    );
  });

  it.each(['[', '{', '- ', '? ', '! ', ': ', '&a ', '{a: ', '"\\', 'a:\n'])(
    'is answered quickly for a full file of %j',
    (unit) => {
      const text = unit.repeat(MAX_MANIFEST_LENGTH / unit.length);
      expect(cpuTime(() => expectRunnable(resolveManifest(text).manifest))).toBeLessThan(2000);
    },
  );
});
