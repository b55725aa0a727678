import { hash } from 'node:crypto';
import { AwsV4Signer } from 'aws4fetch';
import { type Dispatcher, request } from 'undici';
import type { Pause } from '../../../domain/pause.ts';
import { S3Failure } from './failure.ts';
import { isErrorAnswer, textOf } from './xml.ts';

/** With pauses that double, some eight seconds: what restarts is back by then. */
const ATTEMPTS = 6;
const FIRST_PAUSE_MS = 250;

export interface S3Place {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface S3Means {
  /** The way out of this machine. Stays the caller's. */
  readonly dispatcher: Dispatcher;
  readonly pause: Pause;
  /** From 0 to 1. */
  readonly random: () => number;
}

type Method = 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';

export interface S3Request {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

export interface S3Answer {
  readonly header: (name: string) => string | undefined;
  readonly text: string;
}

/**
 * Signed requests to one bucket, addressed by its path, which every store understands.
 *
 * The signature is the one thing that is not ours: `aws4fetch` makes it, in 300 lines without a dependency. Whole clients were looked
 * at and not taken: the vendor's own brings some 80 packages, and the small ones cannot be aborted midway, take the late error
 * of a completed upload for success, or do not tell a bucket that is absent from an object that is.
 */
export class S3Client {
  readonly #place: S3Place;
  readonly #means: S3Means;
  /** Keys derived for a day, which the signer keeps. */
  readonly #derivedKeys = new Map<string, ArrayBuffer>();

  constructor(place: S3Place, means: S3Means) {
    this.#place = place;
    this.#means = means;
  }

  /**
   * Sends it until it is answered. A request must be fit to be repeated.
   * @param key empty for the bucket itself
   * @throws S3Failure
   */
  send(method: Method, key: string, options: S3Request = {}): Promise<S3Answer> {
    return this.#patiently(async () => {
      const { headers, body, statusCode } = await this.#request(method, key, options);
      const text = await body.text().catch((cause: unknown) => {
        throw S3Failure.unanswered(method, cause);
      });
      if (isErrorAnswer(text)) throw refusal(method, statusCode === 200 ? 500 : statusCode, text);
      return { text, header: (name) => [headers[name]].flat()[0] };
    });
  }

  /** The bytes of an object as they come. What breaks them off is told as it is. @throws S3Failure */
  async open(key: string): Promise<Dispatcher.ResponseData['body']> {
    const { body } = await this.#patiently(() => this.#request('GET', key, {}));
    return body;
  }

  async #request(method: Method, key: string, { query, body }: S3Request): Promise<Dispatcher.ResponseData> {
    const { dispatcher } = this.#means;
    const { url, headers } = await this.#sign(method, key, { query, body });
    let answer: Dispatcher.ResponseData;
    try {
      answer = await request(url, { method, headers, body, dispatcher });
    } catch (cause) {
      throw S3Failure.unanswered(method, cause);
    }
    if (answer.statusCode >= 200 && answer.statusCode < 300) return answer;
    // A refusal whose reason is lost on the way is still one.
    const reason = await answer.body.text().catch(() => '');
    throw refusal(method, answer.statusCode, reason);
  }

  async #sign(method: Method, key: string, { query = {}, body = '' }: S3Request) {
    const { endpoint, bucket, ...credentials } = this.#place;
    const url = new URL(key === '' ? `${endpoint}/${bucket}` : `${endpoint}/${bucket}/${key}`);
    url.search = new URLSearchParams(query).toString();
    const signer = new AwsV4Signer({
      ...credentials,
      url: url.href,
      method,
      service: 's3',
      cache: this.#derivedKeys,
      // The store compares it with what arrives.
      headers: { 'x-amz-content-sha256': hash('sha256', body, 'hex') },
    });
    const signed = await signer.sign();
    return { url: signed.url, headers: Object.fromEntries(signed.headers) };
  }

  async #patiently<T>(attempt: () => Promise<T>): Promise<T> {
    const { pause, random } = this.#means;
    for (let count = 1; ; count += 1) {
      try {
        return await attempt();
      } catch (error) {
        if (count === ATTEMPTS || !(error instanceof S3Failure && error.isTransient)) throw error;
      }
      // Nodes that failed together do not come back together.
      const spread = 0.75 + random() / 2;
      await pause(FIRST_PAUSE_MS * 2 ** (count - 1) * spread, new AbortController().signal);
    }
  }
}

/** Of the answer only the store's word for it is kept: the rest may repeat what was signed. */
const refusal = (method: Method, status: number, answer: string): S3Failure =>
  new S3Failure(method, status, /^\w{1,64}$/.exec(textOf(answer, 'Code') ?? '')?.[0] ?? 'no reason given');
