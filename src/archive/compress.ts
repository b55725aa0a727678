import { createHash } from 'node:crypto';
import { constants, createZstdCompress, type ZstdCompress } from 'node:zlib';

export interface Compressed {
  readonly sizeBytes: number;
  /** In lower-case hexadecimal. */
  readonly sha256: string;
}

/**
 * Compresses bytes as `zstd -3 --check` does. A chunk's memory is its owner's again once the next one is asked for.
 * @param onEnd told of the whole when the last byte was read
 */
export async function* compressed(
  chunks: AsyncIterable<Uint8Array>,
  onEnd: (whole: Compressed) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const compressor = createZstdCompress({
    params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 },
    chunkSize: 1024 ** 2,
  });
  const fed = feed(compressor, chunks);
  const hash = createHash('sha256');
  let sizeBytes = 0;
  try {
    for await (const bytes of compressor as AsyncIterable<Buffer>) {
      hash.update(bytes);
      sizeBytes += bytes.byteLength;
      yield bytes;
    }
  } finally {
    compressor.destroy();
    await fed;
  }
  onEnd({ sizeBytes, sha256: hash.digest('hex') });
}

/** Never rejects: what the chunks fail with ends the compressor, and is told by that. */
async function feed(compressor: ZstdCompress, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const chunk of chunks) await written(compressor, chunk);
    compressor.end();
  } catch (error) {
    compressor.destroy(error as Error);
  }
}

/** Returns when the chunk is not needed any more. */
const written = (compressor: ZstdCompress, chunk: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    compressor.write(chunk, (error) => {
      if (error === null || error === undefined) resolve();
      else reject(error);
    });
  });
