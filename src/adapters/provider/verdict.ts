import type { ProviderError } from './provider-error.ts';

/**
 * What a failure means: the provider refuses everything; it refuses this model; it may be different in a moment; or
 * it has answered, and the request is at fault.
 */
export type Verdict = 'refused' | 'unknown_model' | 'transient' | 'answered';

const UNKNOWN_MODEL = /^(model_not_found|unknown_model|invalid_model|model_not_supported|ModelError)$/i;
const NO_QUOTA =
  /^(insufficient_quota|insufficient_balance|billing_error|billing_not_active|billing_hard_limit_reached|usage_limit_reached|usage_not_included|quota_exceeded|credits?_?error|\w*UsageLimitError)$/i;
/** The two providers' own words, where they give no other name to it than to any bad request. */
const NO_CREDIT = /credit balance is too low|reached your specified API usage limits/i;
const NO_MONEY = /insufficient (credits?|balance|funds|quota)|out of credits|check your plan and billing/i;
/** Its message may speak of billing, too: how to get a higher limit. */
const RATE_LIMIT = /^(rate_?limit\w*|RateLimitError|too_many_requests|resource_exhausted|requests|tokens)$/i;

export function judge(error: ProviderError): Verdict {
  const { status } = error;
  // Before the status: opencode Zen answers 401 for it, OpenAI 403 for a model that one has no access to.
  if (status < 500 && isNamed(error, UNKNOWN_MODEL)) return 'unknown_model';
  if (status === 401 || status === 402 || status === 403) return 'refused';
  if (status < 500 && isOutOfMoney(error)) return 'refused';
  if (status === 404) return 'unknown_model';
  return isTransient(status) ? 'transient' : 'answered';
}

function isOutOfMoney(error: ProviderError): boolean {
  if (isNamed(error, NO_QUOTA) || NO_CREDIT.test(error.message)) return true;
  return error.status === 429 && !isNamed(error, RATE_LIMIT) && NO_MONEY.test(error.message);
}

const isNamed = ({ type, code }: ProviderError, pattern: RegExp): boolean =>
  [type, code].some((name) => name !== undefined && pattern.test(name));

/** An error in the middle of an answer is one of the provider's. */
const isTransient = (status: number): boolean =>
  status === 200 || status === 408 || status === 409 || status === 425 || status === 429 || status >= 500;
