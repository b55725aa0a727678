import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { constants, zstdCompressSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';
import type { ArchivedContent } from '../../src/domain/workspace.ts';

/** An entry of an archive. */
export type Part = Partial<Header> & { name: string; content?: string };

export const OWN = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

export const directory = (name: string): Part => ({ name, type: 'directory', mode: 0o755 });
export const file = (name: string, content = 'content'): Part => ({ name, content, mode: 0o644 });
export const symlink = (name: string, linkname: string): Part => ({ name, linkname, type: 'symlink' });
export const hardLink = (name: string, linkname: string): Part => ({ name, linkname, type: 'link' });

export function tarOf(...parts: readonly Part[]): Promise<Buffer> {
  const files = pack();
  for (const { content = '', ...header } of parts) files.entry({ ...OWN, ...header }, content);
  files.finalize();
  return buffer(files);
}

/** Compressed as an archive of a workspace is. */
export const zstdOf = (tar: Uint8Array): Buffer =>
  zstdCompressSync(tar, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });

/** What is expected of exactly these bytes, with room for what they hold. */
export const expectedOf = (
  archive: Uint8Array,
  { contentBytes = 1024 ** 2, entryCount = 1000 } = {},
): ArchivedContent['expected'] => ({
  sha256: createHash('sha256').update(archive).digest('hex'),
  contentBytes,
  entryCount,
});

/** In pieces, as they come from a disk or a network. */
export async function* inPieces(bytes: Uint8Array, size = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** One header block, for entries that no program writes. Fields are octal numbers or text as they are to be. */
export function rawHeader(fields: {
  name: string;
  type?: string;
  size?: number | Buffer;
  linkName?: string;
  magic?: string;
}): Buffer {
  const { name, type = '0', size = 0, linkName = '', magic = 'ustar\x0000' } = fields;
  const block = Buffer.alloc(512);
  block.write(name, 0, 100, 'latin1');
  block.write('0000644\0', 100);
  block.write(OWN.uid.toString(8).padStart(7, '0'), 108);
  block.write(OWN.gid.toString(8).padStart(7, '0'), 116);
  if (typeof size === 'number') block.write(size.toString(8).padStart(11, '0'), 124);
  else size.copy(block, 124);
  block.write('00000000000\0', 136);
  block.write(type, 156, 'latin1');
  block.write(linkName, 157, 100, 'latin1');
  block.write(magic, 257, 'latin1');
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

/** Content, filled up to whole blocks. */
export const padded = (content: string): Buffer => {
  const bytes = Buffer.from(content, 'latin1');
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
};

/** A pax header for the entry after it. */
export function paxHeader(records: Readonly<Record<string, string>>): Buffer {
  const text = Object.entries(records)
    .map(([key, value]) => record(` ${key}=${value}\n`))
    .join('');
  return Buffer.concat([rawHeader({ name: 'pax', type: 'x', size: text.length }), padded(text)]);
}

/** The length counts its own digits. */
function record(rest: string): string {
  let length = rest.length + 1;
  while (`${length}`.length + rest.length !== length) length += 1;
  return `${length}${rest}`;
}

/** A sparse file called `holes` in the format of the reader, whose only piece of content is what comes after its map. */
export function sparseFile(realSize: number, map: string, content: string): Buffer {
  const records = {
    'GNU.sparse.major': '1',
    'GNU.sparse.minor': '0',
    'GNU.sparse.name': 'holes',
    'GNU.sparse.realsize': `${realSize}`,
  };
  const bytes = Buffer.concat([padded(map), Buffer.from(content)]);
  const header = rawHeader({ name: 'GNUSparseFile.0/holes', size: bytes.length });
  return Buffer.concat([paxHeader(records), header, padded(bytes.toString('latin1'))]);
}

/** What ends an archive. */
export const END_OF_TAR = Buffer.alloc(1024);
