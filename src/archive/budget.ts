import { type ArchiveLimits, MAX_SIZE_BYTES, MOST } from './limits.ts';
import { UnpackError } from './unpack-error.ts';

/** What headers of one entry take at most: its own, a pax one, and twice the longest path. */
const HEADERS_BYTES = 40 * 1024;
/** Beside those of entries: padding at the end, and headers of the whole archive. */
const OWN_BYTES = 1024 ** 2;

/** Counts what comes out of an archive against what may, so that a bomb ends before the disk is full. */
export class Budget {
  readonly #limits: ArchiveLimits;
  readonly #rawBytes: number;
  #raw = 0;
  #content = 0;
  #size = 0;
  #entries = 0;

  constructor(expected: ArchiveLimits) {
    this.#limits = {
      contentBytes: Math.min(expected.contentBytes, MOST.contentBytes),
      entryCount: Math.min(expected.entryCount, MOST.entryCount),
    };
    // The maps of sparse files are small beside what they map.
    this.#rawBytes =
      this.#limits.contentBytes * 1.25 + (this.#limits.entryCount + 1) * HEADERS_BYTES + OWN_BYTES;
  }

  /** Uncompressed, of any kind. @throws UnpackError */
  raw(bytes: number): void {
    this.#raw += bytes;
    if (this.#raw > this.#rawBytes) throw new UnpackError('The archive holds more bytes than it should.');
  }

  /** Before they are read. @throws UnpackError */
  content(bytes: number): void {
    this.#content += bytes;
    if (this.#content > this.#limits.contentBytes) {
      throw new UnpackError('The archive holds more bytes of files than it should.');
    }
  }

  /** Of a sparse file, with its holes. @throws UnpackError */
  size(bytes: number): void {
    this.#size += bytes;
    if (this.#size > MAX_SIZE_BYTES) throw new UnpackError('The archive holds larger files than it may.');
  }

  /** @throws UnpackError */
  entry(): void {
    this.#entries += 1;
    if (this.#entries > this.#limits.entryCount) {
      throw new UnpackError('The archive holds more entries than it should.');
    }
  }
}
