import { SandboxdError } from '../../../domain/errors.ts';
import { errnoOf } from '../../../host/errno.ts';

/** Why a request to the store came to nothing. Holds no address and no header, so that it may be logged. */
export class S3Failure extends Error {
  override readonly name = 'S3Failure';
  /** 0 when there was no answer. */
  readonly status: number;
  /** The store's own word, or the system's. */
  readonly code: string;

  constructor(method: string, status: number, code: string, options?: ErrorOptions) {
    super(`${method} ${status === 0 ? 'got no answer' : `was answered ${status}`} (${code})`, options);
    this.status = status;
    this.code = code;
  }

  static unanswered(method: string, cause: unknown): S3Failure {
    return new S3Failure(method, 0, errnoOf(cause) ?? 'no connection', { cause });
  }

  /** Whether the same request may well succeed a moment later. */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500 || this.code === 'RequestTimeout';
  }

  /** The object, or the upload, is not there. */
  get isAbsence(): boolean {
    return this.status === 404 && this.code !== 'NoSuchBucket';
  }
}

const CREDENTIALS =
  'The snapshot store refused the credentials (SANDBOXD_S3_ACCESS_KEY_ID). Check them, and SANDBOXD_S3_SECRET_ACCESS_KEY.';
const REGION =
  'The snapshot store serves the bucket in another region. Check SANDBOXD_S3_REGION and SANDBOXD_S3_ENDPOINT.';
const FULL = 'The snapshot store is full. Delete snapshots, or give it more space.';

/** By the words stores have for it. */
const BY_CODE: Readonly<Record<string, string>> = {
  InvalidAccessKeyId: CREDENTIALS,
  SignatureDoesNotMatch: CREDENTIALS,
  InvalidSecurity: CREDENTIALS,
  AccountProblem: CREDENTIALS,
  AccessDenied:
    'The snapshot store does not let these credentials (SANDBOXD_S3_ACCESS_KEY_ID) do this. Let them list, read, write and delete in the bucket.',
  NoSuchBucket: 'The snapshot store has no such bucket (SANDBOXD_SNAPSHOT_STORE). Make it, or name another.',
  RequestTimeTooSkewed: 'The snapshot store says that this machine’s clock is wrong. Set the clock.',
  AuthorizationHeaderMalformed: REGION,
  IllegalLocationConstraintException: REGION,
  PermanentRedirect: REGION,
  TemporaryRedirect: REGION,
  QuotaExceeded: FULL,
  XMinioStorageFull: FULL,
};

const BY_STATUS: Readonly<Record<number, string>> = {
  0: 'The snapshot store does not answer. Check SANDBOXD_S3_ENDPOINT, and the way to it.',
  301: REGION,
  307: REGION,
  401: CREDENTIALS,
  403: CREDENTIALS,
  507: FULL,
};

/** Tells a failure of the store in words that help; anything else passes as it is. */
export async function explained<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw error instanceof S3Failure ? explain(error) : error;
  }
}

export const explain = (failure: S3Failure): SandboxdError =>
  new SandboxdError(
    'unavailable',
    BY_CODE[failure.code] ??
      BY_STATUS[failure.status] ??
      `The snapshot store failed (${failure.status} ${failure.code}). Try again later.`,
    { cause: failure },
  );
