import type { Buffer } from 'node:buffer';
import { ChunkedDecoder } from './chunked.ts';
import { Malformed, type ResponseHead } from './response-head.ts';

/** Takes the data of a body; `last` when the body ends with it. */
export type TakeData = (data: Buffer, last: boolean) => void;

/** Knows where a response body ends. */
export interface Body {
  /** Whether only the upstream's closing ends it. */
  readonly endless: boolean;
  /** Whether a pause in it is a fault: its length was promised. */
  readonly promised: boolean;
  /**
   * @returns whether the body is complete: bytes beyond its end are malformed, because they would be read as the next
   * response
   */
  push(bytes: Buffer, take: TakeData): boolean | Malformed;
}

/** How RFC 9112 §6.3 delimits the body of a final response. */
export function bodyOf(head: ResponseHead, toHead: boolean): Body | undefined {
  if (toHead || head.status === 204 || head.status === 304 || head.contentLength === 0) return undefined;
  if (head.chunked) return new ChunkedBody();
  return head.contentLength > 0 ? new MeasuredBody(head.contentLength) : ENDLESS_BODY;
}

export const SURPLUS = new Malformed('it sent more than its response');

class MeasuredBody implements Body {
  readonly endless = false;
  readonly promised = true;
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  push(bytes: Buffer, take: TakeData): boolean | Malformed {
    if (bytes.length > this.#left) return SURPLUS;
    this.#left -= bytes.length;
    take(bytes, this.#left === 0);
    return this.#left === 0;
  }
}

class ChunkedBody implements Body {
  readonly endless = false;
  readonly promised = false;
  readonly #decoder = new ChunkedDecoder();

  push(bytes: Buffer, take: TakeData): boolean | Malformed {
    const end = this.#decoder.push(bytes, (data) => take(data, false));
    if (end === undefined) return false;
    if (end instanceof Malformed) return end;
    return end === bytes.length ? true : SURPLUS;
  }
}

const ENDLESS_BODY: Body = {
  endless: true,
  promised: false,
  push(bytes, take) {
    take(bytes, false);
    return false;
  },
};
