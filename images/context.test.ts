import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { extract } from 'tar-stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ContextFile, filesBelow, fingerprint, packContext } from './context.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sandboxd-context-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const file = (name: string, text: string, executable = false): ContextFile => ({
  name,
  executable,
  source: bytes(text),
});

const large = (identity: string): ContextFile => ({
  name: 'node',
  executable: true,
  source: { path: '/nowhere', identity },
});

describe('files below a directory', () => {
  it('are named from the context’s root, without what tools leave behind', async () => {
    for (const path of ['src', 'node_modules/react', 'dist'])
      await mkdir(join(directory, path), { recursive: true });
    await writeFile(join(directory, 'src/App.tsx'), 'app');
    await writeFile(join(directory, 'run.sh'), 'run');
    await chmod(join(directory, 'run.sh'), 0o755);
    await writeFile(join(directory, 'node_modules/react/index.js'), 'react');
    await writeFile(join(directory, 'dist/out.js'), 'out');
    const found = await filesBelow(directory, 'templates/');
    expect(Object.fromEntries(found.map(({ name, executable }) => [name, executable]))).toEqual({
      'templates/run.sh': true,
      'templates/src/App.tsx': false,
    });
  });
});

describe('a fingerprint', () => {
  const files = [file('a', 'one'), file('b', 'two')];

  it('is 12 hexadecimal digits, whatever the order', () => {
    expect(fingerprint(files)).toMatch(/^[0-9a-f]{12}$/);
    expect(fingerprint(files.toReversed())).toBe(fingerprint(files));
  });

  it.each<[string, ContextFile[], string[]]>([
    ['content', [file('a', 'one'), file('b', 'three')], []],
    ['name', [file('a', 'one'), file('c', 'two')], []],
    ['mode', [file('a', 'one'), file('b', 'two', true)], []],
    ['missing file', [file('a', 'one')], []],
    ['border between two contents', [file('a', 'onet'), file('b', 'wo')], []],
    ['image below', files, ['other']],
  ])('changes with a %s', (_, changed, others) => {
    expect(fingerprint(changed, ...others)).not.toBe(fingerprint(files));
  });

  it('takes a large file at its word', () => {
    expect(fingerprint([large('node@1')])).toBe(fingerprint([large('node@1')]));
    expect(fingerprint([large('node@1')])).not.toBe(fingerprint([large('node@2')]));
  });
});

describe('a packed context', () => {
  it('carries every file with its mode, large ones from the disk', async () => {
    await writeFile(join(directory, 'node'), 'x'.repeat(200_000));
    const large = { path: join(directory, 'node'), identity: 'node@1' };
    const archive = packContext([
      file('Dockerfile', 'FROM x'),
      { name: 'bin/node', executable: true, source: large },
    ]);
    const entries: unknown[] = [];
    for await (const entry of archive.pipe(extract())) {
      entries.push([entry.header.name, entry.header.mode, (await buffer(entry)).length]);
    }
    expect(entries).toEqual([
      ['Dockerfile', 0o644, 6],
      ['bin/node', 0o755, 200_000],
    ]);
  });

  it('breaks when a file is not there, instead of ending short', async () => {
    const large = { path: join(directory, 'gone'), identity: 'gone' };
    await expect(buffer(packContext([{ name: 'gone', executable: false, source: large }]))).rejects.toThrow(
      'ENOENT',
    );
  });
});
