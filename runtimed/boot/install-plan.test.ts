import { createHash } from 'node:crypto';
import { chmod, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { prepareMachine } from '../testing/sandbox.ts';
import { installPlan } from './install-plan.ts';
import type { InstallStep } from './install-step.ts';

const EXPRESS = JSON.stringify({ dependencies: { express: '5.3.0' } });
const INSTALLED = { 'express/package.json': '{"version":"5.3.0"}' };

interface Setup {
  readonly app: Record<string, string>;
  readonly image?: Record<string, string>;
  readonly isUnfinished?: boolean;
}

/** What an app with these files lacks. */
async function planOf({ app, image, isUnfinished = false }: Setup): Promise<readonly InstallStep[]> {
  await using machine = await prepareMachine({ app, ...(image && { image }) });
  const python = join(machine.app, '.venv/bin/python');
  if ('.venv/bin/python' in app) await chmod(python, 0o755);
  return await installPlan({ directory: machine.app, layers: machine.options.layers, isUnfinished });
}

const below = (prefix: string, files: Record<string, string>) =>
  Object.fromEntries(Object.entries(files).map(([path, text]) => [`${prefix}/${path}`, text]));

/** A template's dependencies as pnpm leaves them in the image. */
const layer = (lock: string, packages: Record<string, string>, template = 'node-express') =>
  below(`layers/${template}/workspace/app/node_modules`, {
    ...packages,
    '.modules.yaml': '{}',
    '.pnpm/lock.yaml': lock,
  });

describe('the dependencies of a JavaScript app', () => {
  it.each([
    ['pnpm', { 'pnpm-lock.yaml': '' }, 'pnpm install --prefer-offline --no-frozen-lockfile'],
    ['npm', { 'package-lock.json': '{}' }, 'npm install --prefer-offline --no-audit --no-fund'],
    ['yarn', { 'yarn.lock': '' }, 'yarn install'],
    ['bun', { 'bun.lock': '' }, 'bun install'],
  ])('are installed by %s where its lock file is', async (_, lock, command) => {
    const steps = await planOf({ app: { 'package.json': EXPRESS, ...lock } });
    expect(steps).toEqual([{ why: 'express is not installed', command }]);
  });

  it('are taken from the image when it has what the lock file says', async () => {
    const [step] = await planOf({
      app: { 'package.json': EXPRESS, 'pnpm-lock.yaml': 'lock\n' },
      image: { ...layer('other', INSTALLED, 'a'), ...layer('lock', INSTALLED), ...layer('x', {}, 'z') },
    });
    expect(step?.command).toMatch(
      /^rm -rf node_modules && cp -a '\S+\/layers\/node-express\/workspace\/app\/node_modules' node_modules$/,
    );
  });

  it.each([
    ['the lock file says something else', { 'pnpm-lock.yaml': 'changed' }, layer('lock', INSTALLED)],
    ['there is no lock file', {}, layer('lock', INSTALLED)],
    ['the app asks for more than its lock file', { 'pnpm-lock.yaml': 'lock' }, layer('lock', {})],
    ['another package manager is pinned', { 'yarn.lock': '' }, layer('lock', INSTALLED)],
    ['the image has nothing prepared', { 'pnpm-lock.yaml': 'lock' }, {}],
  ])('are not taken from the image when %s', async (_, files, image) => {
    const [step] = await planOf({ app: { 'package.json': EXPRESS, ...files }, image });
    expect(step?.command).toMatch(/^(pnpm|yarn) install/);
  });

  it.each([
    ['pnpm', '.modules.yaml', 'npm', { 'package-lock.json': '{}' }, true],
    ['npm', '.package-lock.json', 'yarn', { 'yarn.lock': '' }, true],
    ['yarn 1', '.yarn-integrity', 'bun', { 'bun.lock': '' }, true],
    ['yarn', '.yarn-state.yml', 'pnpm', {}, true],
    ['pnpm', '.modules.yaml', 'pnpm', {}, false],
    ['nobody known', 'left-pad/package.json', 'npm', { 'package-lock.json': '{}' }, false],
  ])('that %s installed (%s) make way for %s: %o %s', async (_, trace, manager, lock, isRemoved) => {
    const app = { 'package.json': EXPRESS, [`node_modules/${trace}`]: '{}', ...lock };
    const [step] = await planOf({ app });
    expect(step?.command.startsWith('rm -rf node_modules && ')).toBe(isRemoved);
    expect(step?.command).toContain(`${manager} install`);
  });
});

describe('the dependencies of a Python app', () => {
  const requirements = 'fastapi>=0.92\n';
  const digest = createHash('sha256').update(requirements).digest('hex');
  const environment = { '.venv/bin/python': '#!/bin/sh\n' };

  it.each([
    ['that names none', {}],
    [
      'whose environment was made from this very list',
      {
        ...environment,
        'requirements.txt': requirements,
        '.venv/requirements.sha256': `${digest}\n`,
      },
    ],
  ])('are complete for one %s', async (_, app) => {
    expect(await planOf({ app })).toEqual([]);
  });

  it.each([
    ['there is no virtual environment', {}],
    ['requirements.txt has changed since the last install', environment],
    [
      'requirements.txt has changed since the last install',
      {
        ...environment,
        '.venv/requirements.sha256': '0000\n',
      },
    ],
  ])('are installed when %s', async (why, files) => {
    const [step] = await planOf({ app: { 'requirements.txt': requirements, ...files } });
    expect(step).toEqual({ why, command: expect.stringMatching(/pip install/) as string });
    expect(step?.command).toContain(`echo ${digest} >.venv/requirements.sha256`);
  });

  it('are installed anew when the interpreter they were made with has gone', async () => {
    await using machine = await prepareMachine({
      app: { 'requirements.txt': requirements, '.venv/requirements.sha256': digest, '.venv/bin/keep': '' },
    });
    await symlink('/no/such/python3.8', join(machine.app, '.venv/bin/python'));
    const place = { directory: machine.app, layers: machine.options.layers, isUnfinished: false };
    expect(await installPlan(place)).toMatchObject([{ why: 'there is no virtual environment' }]);
  });
});

it('an app of both kinds gets both, and an install that was cut off is repeated', async () => {
  const app = { 'package.json': '{}', 'requirements.txt': 'x' };
  expect(await planOf({ app, isUnfinished: true })).toEqual([
    { why: 'the last install was cut off', command: expect.stringContaining('pnpm') as string },
    { why: 'the last install was cut off', command: expect.stringContaining('pip') as string },
  ]);
});
