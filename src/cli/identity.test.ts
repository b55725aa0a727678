import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ApiWorld, apiWorld } from '../../tests/fakes/api-world.ts';
import { typeCommand } from '../../tests/harness/command-line.ts';
import { listenOnSocket } from '../compose/listen.ts';
import { hasPassword, setUpPassword } from '../domain/password-commands.ts';
import { createAdminApp } from '../routes/admin/index.ts';
import { EXIT } from './failure.ts';

let dataDir: string;
let world: ApiWorld;
let listening: AsyncDisposable;

const never = () => {
  throw new Error('Nobody asked for that.');
};

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sandboxd-cli-'));
  world = apiWorld();
  const app = createAdminApp(world.ports, {
    pid: 1,
    shutDown: never,
    backup: never,
    collectGarbage: never,
    rotateSecrets: never,
  });
  listening = await listenOnSocket(join(dataDir, 'admin.sock'), (request) => app.fetch(request));
});

afterEach(async () => {
  await listening[Symbol.asyncDispose]();
  await rm(dataDir, { recursive: true, force: true });
});

const run = (...args: string[]) => typeCommand(args, { SANDBOXD_DATA_DIR: dataDir });

it('makes a token, lists it without telling it, and revokes it', async () => {
  const { printed: token } = await run('token', 'create', 'CI', '--owner', 'acme', '--days', '7');
  expect(token).toMatch(/^sbx_[\w-]{43}$/);
  const { printed: list } = await run('token', 'list', '--owner', 'acme');
  expect(list).toMatch(/^[0-9A-Z]{26}  sbx_.{4}…  CI  never used  expires 2030-01-09T03:04:05\.000Z$/);
  expect(list).not.toContain(token);
  const id = list.slice(0, 26);
  const others = await run('token', 'revoke', id);
  expect([others.exitCode, others.noted]).toEqual([EXIT.failed, 'sandboxd: No such API key.']);
  expect((await run('token', 'revoke', id, '--owner', 'acme')).exitCode).toBe(EXIT.ok);
  expect((await run('token', 'list', '--owner', 'acme')).printed).toBe('There are no tokens.');
});

it('refuses a token that cannot be', async () => {
  const { exitCode, noted } = await run('token', 'create', 'CI', '--days', 'many');
  expect([exitCode, noted]).toEqual([EXIT.failed, expect.stringContaining('expires_in_days: ')]);
});

it('recovers a console whose password is lost', async () => {
  const console = { owner: 'default', via: 'session', actor: { kind: 'session' } } as const;
  await setUpPassword(world.ports, console, { password: 'test-password-not-real' });
  expect((await run('login')).printed).toMatch(/^http:.+\/login\/[\w-]{43}$/);
  expect(await hasPassword(world.ports)).toBe(true);
  expect((await run('login', '--recover')).printed).toMatch(/\/login\/[\w-]{43}$/);
  expect(await hasPassword(world.ports)).toBe(false);
});

it('shows who asked for what', async () => {
  expect((await run('audit')).printed).toBe('Nothing was asked for yet.');
  await run('login');
  await run('token', 'create', 'CI', '--owner', 'acme');
  const { printed } = await run('audit');
  expect(printed.split('\n').map((line) => line.replace(/id=\w{26}/, 'id=…'))).toEqual([
    '2030-01-02T03:04:05.000Z  -  command-line  -  201  POST /admin/tokens      id=… name=CI owner=acme',
    '2030-01-02T03:04:05.000Z  -  command-line  -  201  POST /admin/login-link  recover=false',
  ]);
  expect((await run('audit', '--owner', 'acme')).printed).toBe('Nothing was asked for yet.');
  const { entries } = JSON.parse((await run('audit', '--json', '--limit', '1')).printed) as {
    entries: object[];
  };
  expect(entries).toEqual([expect.objectContaining({ action: 'POST /admin/tokens', status: 201 })]);
  expect((await run('audit', '--limit', '0')).noted).toContain('limit: give a whole number');
});
