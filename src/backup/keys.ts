import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CompactEncrypt, compactDecrypt, errors } from 'jose';
import * as v from 'valibot';
import { invalid } from '../domain/errors.ts';
import { parseMember } from './format.ts';

const WRAPPING = 'PBES2-HS512+A256KW';
const CONTENT = 'A256GCM';
/** A quarter of a second for whoever knows the passphrase, and for every guess of who does not. */
const ITERATIONS = 600_000;
/** A file nobody has checked yet must not keep this machine busy for hours. */
const MOST_ITERATIONS = 10 * ITERATIONS;

const KEY_FILE = /^keys\/[a-z0-9-]+(?:\.[a-z]+)?$/;
const IDENTITY_FILES = ['instance', join('node', 'id')];

/** The files that make an installation itself, by their paths in its data directory. */
export type KeyFiles = Readonly<Record<string, string>>;

const KeyFilesSchema = v.object({
  files: v.record(
    v.pipe(
      v.string(),
      v.check((path) => KEY_FILE.test(path) || IDENTITY_FILES.includes(path)),
    ),
    v.string(),
  ),
});

/** All of a data directory's. Whatever else lies there, like one that is being written, is none. */
export async function collectKeys(dataDir: string): Promise<KeyFiles> {
  const names = await readdir(join(dataDir, 'keys'));
  const paths = [...IDENTITY_FILES, ...names.map((name) => join('keys', name)).filter(isKeyFile)];
  const read = paths.map(async (path) => [path, await readFile(join(dataDir, path), 'utf8')] as const);
  return Object.fromEntries(await Promise.all(read));
}

const isKeyFile = (path: string): boolean => KEY_FILE.test(path);

/** Wraps them so that only the passphrase opens them again. */
export async function sealKeys(files: KeyFiles, passphrase: string): Promise<string> {
  const content = new TextEncoder().encode(JSON.stringify({ files }));
  return new CompactEncrypt(content)
    .setProtectedHeader({ alg: WRAPPING, enc: CONTENT })
    .setKeyManagementParameters({ p2c: ITERATIONS })
    .encrypt(new TextEncoder().encode(passphrase));
}

/** @throws invalid_request when the passphrase is another one, or what is sealed was altered */
export async function openKeys(sealed: string, passphrase: string): Promise<KeyFiles> {
  const content = await decrypt(sealed, passphrase);
  return parseMember('keys.jwe', KeyFilesSchema, content).files;
}

async function decrypt(sealed: string, passphrase: string): Promise<Uint8Array> {
  try {
    const { plaintext } = await compactDecrypt(sealed, new TextEncoder().encode(passphrase), {
      keyManagementAlgorithms: [WRAPPING],
      contentEncryptionAlgorithms: [CONTENT],
      maxPBES2Count: MOST_ITERATIONS,
    });
    return plaintext;
  } catch (error) {
    // What went wrong inside says nothing to people, and is near the passphrase: it is left behind.
    if (!(error instanceof errors.JOSEError)) throw error;
    throw invalid(
      'The keys in the backup do not open: the passphrase is another one, or the file was altered. Give the passphrase the backup was made with; "--no-keys" restores everything but the keys.',
    );
  }
}

/** Puts them where they belong, for their owner alone. */
export async function layOutKeys(files: KeyFiles, dataDir: string): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(dataDir, path)), { recursive: true, mode: 0o700 });
    await writeFile(join(dataDir, path), content, { mode: 0o600, flag: 'wx' });
  }
}
