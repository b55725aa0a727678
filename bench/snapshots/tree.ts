import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { APP_DIRECTORY } from '../../src/domain/paths.ts';
import { SANDBOX_UID } from '../../src/domain/runtimed.ts';

const execute = promisify(execFile);

export interface Tree {
  readonly name: string;
  readonly files: number;
  readonly bytesEach: number;
}

/** What a large app and a scattered one are like. */
export const LARGE: Tree = { name: '200 MB in 5 000 files', files: 5000, bytesEach: 40_000 };
export const SCATTERED: Tree = { name: '50 000 files of 1 kB', files: 50_000, bytesEach: 1000 };

const FILES_A_DIRECTORY = 100;

/** Lays a tree into the app directory of a home: text that compresses about as well as source code does. */
export async function grow(home: string, { files, bytesEach }: Tree): Promise<void> {
  const top = join(home, APP_DIRECTORY, 'grown');
  for (let file = 0; file < files; file += 1) {
    const directory = join(top, String(Math.floor(file / FILES_A_DIRECTORY)));
    if (file % FILES_A_DIRECTORY === 0) await mkdir(directory, { recursive: true });
    await writeFile(join(directory, `module-${file}.ts`), sourceText(file, bytesEach));
  }
  await execute('chown', ['-R', `${SANDBOX_UID}:${SANDBOX_UID}`, top]);
  await execute('sync', ['-f', top]);
}

/** The same for the same number, and unlike that of any other. */
function sourceText(seed: number, length: number): string {
  let text = '';
  for (let line = 0, state = seed + 1; text.length < length; line += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += `export const value${state.toString(36)} = (input: number) => input * ${state % 977} + ${line};\n`;
  }
  return text.slice(0, length);
}

/** `tar | zstd` as anybody would do it, to disk. */
export async function tarZstd(home: string): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-tar-'));
  try {
    const archive = join(directory, 'home.tar.zst');
    const left = ['node_modules', '.next', 'out', '.venv', '__pycache__', '.cache'].map(
      (name) => `--exclude=${name}`,
    );
    const command = `tar -C "$1" ${left.join(' ')} -cf - . | zstd -q -3 -o "$2" && sync "$2"`;
    await execute('bash', ['-o', 'pipefail', '-c', command, 'bash', home, archive]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
