import { describe, expect, it } from 'vitest';
import { prepareMachine } from '../testing/sandbox.ts';
import { readPackage } from './app-package.ts';
import { missingDependency } from './dependencies.ts';

const packageFile = (value: object) => JSON.stringify(value);
const installed = (name: string, version: string) => ({
  [`node_modules/${name}/package.json`]: packageFile({ name, version }),
});
const REACT = { 'package.json': packageFile({ dependencies: { react: '^19.0.0' } }) };
const npmLock = (packages: object) => packageFile({ lockfileVersion: 3, packages: { '': {}, ...packages } });

/** Why an app with these files needs an install; "no package" without a package.json. */
async function why(files: Record<string, string>): Promise<string | undefined> {
  await using machine = await prepareMachine({ app: files });
  const app = await readPackage(machine.app);
  return app === undefined ? 'no package' : await missingDependency(machine.app, app);
}

describe('no install is needed', () => {
  it.each([
    ['when nothing is asked for', { 'package.json': '{}' }],
    ['when what is asked for is there', { ...REACT, ...installed('react', '19.3.1') }],
    [
      'when development dependencies are there',
      {
        'package.json': packageFile({ devDependencies: { '@a/b': '1.0.0' } }),
        ...installed('@a/b', '1.0.0'),
      },
    ],
    [
      'when a dependency that is no version is there',
      { 'package.json': packageFile({ dependencies: { a: 'github:x/a' } }), ...installed('a', '1.0.0') },
    ],
    [
      'when pnpm has installed by the same lock file',
      {
        ...REACT,
        ...installed('react', '19.3.1'),
        'pnpm-lock.yaml': 'a\r\n',
        'node_modules/.pnpm/lock.yaml': 'a\n',
      },
    ],
    [
      'when npm has installed what its lock file says',
      {
        ...REACT,
        ...installed('react', '19.3.1'),
        'package-lock.json': npmLock({
          'node_modules/react': { version: '19.3.1' },
          'node_modules/other-os': { version: '1.0.0', optional: true },
        }),
        'node_modules/.package-lock.json': npmLock({ 'node_modules/react': { version: '19.3.1' } }),
      },
    ],
    ["when Yarn's loader stands in for packages", { ...REACT, '.pnp.cjs': '', 'yarn.lock': '' }],
    [
      'for names that are no packages',
      { 'package.json': packageFile({ dependencies: { '../../../etc': '1' } }) },
    ],
  ])('%s', async (_, files) => {
    expect(await why(files)).toBeUndefined();
  });
});

describe('an install is needed', () => {
  it.each([
    ['when a package is missing', REACT, 'react is not installed'],
    [
      'when another version is there',
      { ...REACT, ...installed('react', '18.2.0') },
      'react 18.2.0 is installed, not ^19.0.0',
    ],
    [
      'when a package is broken',
      { ...REACT, 'node_modules/react/package.json': '{' },
      'react is not installed properly',
    ],
    [
      'when pnpm has installed by another lock file',
      {
        ...REACT,
        ...installed('react', '19.3.1'),
        'pnpm-lock.yaml': 'b',
        'node_modules/.pnpm/lock.yaml': 'a',
      },
      'the lock file has changed since the last install',
    ],
    [
      'when pnpm has never installed',
      { ...REACT, ...installed('react', '19.3.1'), 'pnpm-lock.yaml': 'b' },
      'the lock file has changed since the last install',
    ],
    [
      'when npm has installed another version',
      {
        ...REACT,
        ...installed('react', '19.3.1'),
        'package-lock.json': npmLock({
          'node_modules/react': { version: '19.3.1' },
          'node_modules/deep': { version: '2.0.0' },
        }),
        'node_modules/.package-lock.json': npmLock({
          'node_modules/react': { version: '19.3.1' },
          'node_modules/deep': { version: '1.0.0' },
        }),
      },
      'the lock file has changed since the last install',
    ],
  ])('%s', async (_, files, reason) => {
    expect(await why(files)).toBe(reason);
  });
});

describe('the package of an app', () => {
  it.each([
    ['pnpm, when nothing is pinned', {}, {}, 'pnpm'],
    ['the pinned one', { packageManager: 'yarn@4.1.0+sha512.abc' }, { 'package-lock.json': '' }, 'yarn'],
    ['the one whose lock file is there', {}, { 'yarn.lock': '' }, 'yarn'],
    ['the one whose lock file is there', {}, { 'bun.lock': '' }, 'bun'],
    ['the one whose lock file is there', {}, { 'package-lock.json': '' }, 'npm'],
    ['pnpm, when the pin is of something unknown', { packageManager: 'rpm@1' }, {}, 'pnpm'],
    ['pnpm, when the pin is no text', { packageManager: 7, dependencies: 'x' }, {}, 'pnpm'],
  ])('names its package manager: %s', async (_, value, files, expected) => {
    await using machine = await prepareMachine({ app: { 'package.json': packageFile(value), ...files } });
    expect((await readPackage(machine.app))?.packageManager).toBe(expected);
  });

  it.each([
    ['absent', {}],
    ['not JSON', { 'package.json': 'hello' }],
    ['not an object', { 'package.json': 'null' }],
    ['too long', { 'package.json': ' '.repeat(2_000_000) + '{}' }],
  ])('is not to be had from a file that is %s', async (_, files) => {
    expect(await why(files as Record<string, string>)).toBe('no package');
  });
});
