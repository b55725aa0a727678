/** How long a key stands for its first request, in milliseconds. */
export const IDEMPOTENCY_MS = 24 * 3600 * 1000;

/** A request that must not be carried out twice, by the key its sender gave it. */
export interface IdempotentRequest {
  readonly owner: string;
  readonly key: string;
  /** What was asked, sealed: bodies can hold secrets, and a hash of a short one gives it away. */
  readonly sealedRequest: string;
  /** What was answered, sealed; absent while it is being carried out. */
  readonly sealedAnswer?: string;
  readonly createdAt: number;
}

/** What the two parts of a request are sealed for: one passed off as the other, or moved to another key, does not open. */
export const idempotencyContext = (
  { owner, key }: Pick<IdempotentRequest, 'owner' | 'key'>,
  part: 'request' | 'answer',
): readonly string[] => ['idempotency', owner, key, part];
