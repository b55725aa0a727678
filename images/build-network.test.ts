import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Outbound } from '../src/domain/outbound.ts';
import { buildArgs, networkFiles } from './build-network.ts';

const direct: Outbound = {
  caFile: undefined,
  outboundProxy: {},
  npmRegistry: undefined,
  pypiIndex: undefined,
  debianMirror: undefined,
};
let directory: string;
let caFile: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sandboxd-ca-'));
  caFile = join(directory, 'ca.pem');
  await writeFile(caFile, 'certificates');
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Name and content of every file. */
async function filesOf(outbound: Partial<Outbound>): Promise<Record<string, string>> {
  const files = await networkFiles({ ...direct, ...outbound });
  return Object.fromEntries(
    files.map(({ name, source }) => [name, Buffer.from(source as Uint8Array).toString()]),
  );
}

it('adds nothing to a build that reaches everything directly', async () => {
  expect(buildArgs(direct)).toEqual({});
  expect(new Set(Object.values(await filesOf({})))).toEqual(new Set(['']));
});

it('tells a build its proxy, in arguments that the engine forgets', () => {
  const outboundProxy = { https: 'http://proxy:3128', none: 'localhost' };
  expect(buildArgs({ ...direct, npmRegistry: 'https://npm.example.com', outboundProxy })).toEqual({
    https_proxy: 'http://proxy:3128',
    HTTPS_PROXY: 'http://proxy:3128',
    no_proxy: 'localhost',
    NO_PROXY: 'localhost',
  });
});

it('says everything else in a file for a shell, whatever characters it holds', async () => {
  const npmRegistry = "https://npm.example.com/it's/$HOME/`id`";
  const { 'network/environment': environment = '' } = await filesOf({ npmRegistry, caFile });
  const script = `${environment}printf '%s %s' "$npm_config_registry" "$NODE_EXTRA_CA_CERTS"`;
  const { stdout } = await promisify(execFile)('sh', ['-c', script]);
  expect(stdout).toBe(`${npmRegistry} /run/network/ca.crt`);
});

it('takes the certificates along, for apt only where a mirror needs them', async () => {
  expect(await filesOf({ caFile })).toMatchObject({
    'network/ca.crt': 'certificates',
    'network/apt/ca.crt': '',
    'network/apt/apt.conf': '',
  });
  expect(await filesOf({ caFile, debianMirror: 'https://mirror.example.com/debian' })).toMatchObject({
    'network/apt/ca.crt': 'certificates',
    'network/apt/sources.list': expect.stringContaining(
      'deb https://mirror.example.com/debian bookworm main\n',
    ),
    'network/apt/apt.conf': expect.stringContaining('CaInfo "/run/apt/ca.crt"'),
  });
});

it('says which setting is wrong when the certificates are not there', async () => {
  await expect(filesOf({ caFile: '/no/such/ca.pem' })).rejects.toThrow('SANDBOXD_CA_FILE');
});
