import { closeSync, openSync } from 'node:fs';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TYPE } from './tar-header.ts';
import { CHUNK_BYTES, type Memory, TarStream } from './tar-stream.ts';

const PLAIN = { mode: 0o644, mtime: 0 };

/** Something of everything, over several chunks. */
function written(fd: number, memory: Memory): Buffer {
  const tar = new TarStream(memory);
  const chunks: Uint8Array[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    tar.begin({ ...PLAIN, type: TYPE.directory, name: `short-${turn}/`, size: 0 });
    tar.begin({ ...PLAIN, type: TYPE.symlink, name: 'n'.repeat(300), linkName: 't'.repeat(300), size: 0 });
    tar.extend({ 'GNU.sparse.major': '1' });
    tar.begin({ ...PLAIN, type: TYPE.file, name: 'at-hand', size: 700 });
    tar.put(Buffer.alloc(700, 'x'));
    tar.pad(700);
    tar.begin({ ...PLAIN, type: TYPE.file, name: 'read', size: CHUNK_BYTES + 5 });
    for (let done = 0; done < CHUNK_BYTES + 5; ) {
      const read = tar.read(fd, CHUNK_BYTES + 5 - done, done);
      done += Math.min(read, CHUNK_BYTES + 5 - done);
    }
    tar.pad(CHUNK_BYTES + 5);
    tar.begin({ ...PLAIN, type: TYPE.file, name: 'zeros', size: 1024 });
    for (let left = 1024; left > 0; ) left -= tar.zeros(left);
    chunks.push(...tar.take());
  }
  return Buffer.concat([...chunks, ...tar.end()]);
}

describe('the bytes of a tar archive', () => {
  it('are the same whatever was in the memory they are gathered in', async () => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'tar-stream-'));
    const file = join(directory.path, 'content');
    await writeFile(file, Buffer.alloc(2 * CHUNK_BYTES, 'content of a file'));
    const fd = openSync(file, 'r');
    try {
      const clean = written(fd, (size) => new ArrayBuffer(size));
      const used = written(fd, (size) => new Uint8Array(size).fill(0xa5).buffer);
      expect(used.equals(clean)).toBe(true);
    } finally {
      closeSync(fd);
    }
  });
});
