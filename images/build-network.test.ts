import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { buildArgs, trustBundle } from './build-network.ts';

const direct = { caFile: undefined, npmRegistry: undefined, outboundProxy: {} };

it('adds nothing to a build that reaches everything directly', async () => {
  expect(buildArgs(direct)).toEqual({});
  expect(await trustBundle(direct)).toMatchObject({ name: 'ca/bundle.crt', source: new Uint8Array() });
});

it('tells a build its proxy in either case, and its registry', () => {
  const outboundProxy = { https: 'http://proxy:3128', none: 'localhost' };
  expect(buildArgs({ ...direct, npmRegistry: 'https://npm.example.com', outboundProxy })).toEqual({
    https_proxy: 'http://proxy:3128',
    HTTPS_PROXY: 'http://proxy:3128',
    no_proxy: 'localhost',
    NO_PROXY: 'localhost',
    NPM_REGISTRY: 'https://npm.example.com',
  });
});

it('takes the certificates along', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sandboxd-ca-'));
  try {
    const caFile = join(directory, 'ca.pem');
    await writeFile(caFile, 'certificates');
    const { source } = await trustBundle({ ...direct, caFile });
    expect(Buffer.from(source as Uint8Array).toString()).toBe('certificates');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

it('says which setting is wrong when the certificates are not there', async () => {
  await expect(trustBundle({ ...direct, caFile: '/no/such/ca.pem' })).rejects.toThrow('SANDBOXD_CA_FILE');
});
