import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import { typeCommand } from '../../tests/harness/command-line.ts';
import { clearStaging, stagingOf } from '../backup/staging.ts';
import { claimDataDirectory } from '../compose/claim.ts';
import { EXIT } from './failure.ts';

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sandboxd-cli-'));
});

afterEach(async () => {
  await rm(dataDir, { recursive: true, force: true });
});

const run = (args: string[], env: NodeJS.ProcessEnv = {}) =>
  typeCommand(args, { SANDBOXD_DATA_DIR: dataDir, ...env });

it.each([[[]], [['help']], [['--help']], [['-h']]])('lists every command for %j', async (args) => {
  const { exitCode, printed } = await run(args);
  expect(exitCode).toBe(EXIT.ok);
  for (const name of [
    'up',
    'down',
    'status',
    'doctor',
    'login',
    'token create',
    'token list',
    'token revoke',
    'audit',
    'image build',
    'image verify',
    'backup',
    'restore',
    'gc',
    'secrets rotate',
  ])
    expect(printed).toContain(`  ${name} `);
});

it.each([
  ['up', '--help'],
  ['help', 'up'],
])('tells about one command for "%s %s"', async (...args) => {
  const { exitCode, printed } = await run(args);
  expect(exitCode).toBe(EXIT.ok);
  expect(printed).toContain('Usage: sandboxd up [--yes] [--detach]');
});

it.each([
  [['token', '--help'], ['token create', 'token list', 'token revoke'], 'image'],
  [['image', '-h'], ['image build', 'image verify'], 'token'],
  [['help', 'image'], ['image build', 'image verify'], 'token'],
])('lists the commands of a group for %j', async (args, names, other) => {
  const { exitCode, printed, noted } = await run(args);
  expect({ exitCode, noted }).toEqual({ exitCode: EXIT.ok, noted: '' });
  for (const name of names) expect(printed).toMatch(new RegExp(`^  ${name} +[A-Z]`, 'm'));
  expect(printed).not.toContain(other);
});

it('helps also where the configuration cannot be read', async () => {
  expect((await run(['status', '--help'], { SANDBOXD_LISTEN: 'nonsense' })).exitCode).toBe(EXIT.ok);
});

it.each([
  [['frobnicate']],
  [['token']],
  [['image']],
  [['image', 'verify']],
  [['backup']],
  [['restore', 'a', 'b']],
  [['gc', 'everything']],
  [['status', 'now']],
  [['secrets']],
  [['secrets', 'rotate', 'all']],
  [['help', 'nothing']],
])('refuses %j as wrongly used', async (args) => {
  const { exitCode, noted, printed } = await run(args);
  expect(exitCode).toBe(EXIT.usage);
  expect(noted).toMatch(/^sandboxd: /);
  expect(printed).toBe('');
});

it('names the variable that cannot be used', async () => {
  const { exitCode, noted } = await run(['status'], { SANDBOXD_LISTEN: 'nonsense' });
  expect(exitCode).toBe(EXIT.failed);
  expect(noted).toContain('SANDBOXD_LISTEN');
});

it('answers status for programs too when nothing runs', async () => {
  const { exitCode, printed } = await run(['status', '--json']);
  expect(exitCode).toBe(EXIT.notRunning);
  expect(JSON.parse(printed)).toEqual({ running: false });
});

it.each([
  [['login']],
  [['token', 'create', 'ci']],
  [['backup', 'x.tar']],
  [['gc', '--dry-run']],
  [['secrets', 'rotate']],
])('%j says that no server runs', async (args) => {
  const { exitCode, noted } = await run(args);
  expect(exitCode).toBe(EXIT.notRunning);
  expect(noted).toContain('sandboxd up');
});

it.each([[['image', 'build']], [['image', 'verify', 'acme/sandbox:1']]])(
  '%j says that the engine does not answer',
  async (args) => {
    const env = { SANDBOXD_DOCKER_SOCKET: join(dataDir, 'docker.sock') };
    const { exitCode, noted, printed } = await run(args, env);
    expect(exitCode).toBe(EXIT.failed);
    expect(noted).toContain('SANDBOXD_DOCKER_SOCKET');
    expect(printed).toBe('');
  },
);

it('has nothing to end when nothing runs', async () => {
  expect((await run(['down'])).exitCode).toBe(EXIT.ok);
});

it('gives the doctor’s findings to programs', async () => {
  const { printed } = await run(['doctor', '--json'], { SANDBOXD_LISTEN: '127.0.0.1:0' });
  const { ok, findings } = JSON.parse(printed) as { ok: boolean; findings: { level: string }[] };
  expect(findings.length).toBeGreaterThan(5);
  expect(ok).toBe(findings.every(({ level }) => level !== 'fail'));
});

it('says of a backup what is one while no server runs', async () => {
  const { noted } = await run(['backup', join(dataDir, 'x.tar'), '--no-keys']);
  expect(noted).toContain(`a copy of ${dataDir} is a backup`);
  expect(await readdir(dataDir)).toEqual([]);
});

it('says at once where a backup cannot be written, before a server is asked', async () => {
  const { exitCode, noted } = await run(['backup', dataDir]);
  expect(exitCode).toBe(EXIT.failed);
  expect(noted).toContain(`${dataDir} is a directory. Name a file in it`);
});

it('restores nothing that is no backup, or where there is something', async () => {
  const file = `${dataDir}.tar`;
  await writeFile(file, 'x'.repeat(1024));
  onTestFinished(() => rm(file));
  const refused = await run(['restore', file]);
  expect(refused).toMatchObject({ exitCode: EXIT.failed, printed: '' });
  expect(refused.noted).toContain('no backup of sandboxd');
  await writeFile(join(dataDir, 'something'), '');
  expect((await run(['restore', file])).noted).toContain('is not empty');
});

it('restores nothing under a server that runs', async () => {
  await using _server = await claimDataDirectory(dataDir);
  const { exitCode, noted } = await run(['restore', 'x.tar']);
  expect(exitCode).toBe(EXIT.failed);
  expect(noted).toContain('"sandboxd down"');
});

it('starts nothing where a backup is being restored', async () => {
  await using _restore = await claimDataDirectory(dataDir);
  await mkdir(stagingOf(dataDir));
  onTestFinished(() => clearStaging(dataDir));
  const { exitCode, noted } = await run(['up', '--yes']);
  expect(exitCode).toBe(EXIT.failed);
  expect(noted).toContain('is being restored');
  expect(await readdir(dataDir)).toEqual([]);
});
