import type { Dialect } from './conversation.ts';

export interface Refusal {
  readonly status: number;
  readonly type: string;
  readonly message: string;
  /** Seconds after which trying again is said to help. */
  readonly retryAfter?: number;
}

/** How a provider turns requests away, by the scenario it plays. */
export const REFUSALS: Readonly<Record<string, Refusal>> = {
  '401': { status: 401, type: 'authentication_error', message: 'The API key is not valid.' },
  '402': { status: 402, type: 'billing_error', message: 'The account has no credit left.' },
  '403': { status: 403, type: 'permission_error', message: 'The API key may not use this model.' },
  '404': { status: 404, type: 'not_found_error', message: 'The model does not exist.' },
  '429': { status: 429, type: 'rate_limit_error', message: 'Too many requests.', retryAfter: 1 },
  '429-quota': { status: 429, type: 'insufficient_quota', message: 'The quota of the account is used up.' },
  '500': { status: 500, type: 'api_error', message: 'Something went wrong inside.' },
  '529': { status: 529, type: 'overloaded_error', message: 'The service is overloaded.' },
};

export function refusalBody(dialect: Dialect, { type, message }: Refusal): object {
  return dialect === 'messages'
    ? { type: 'error', error: { type, message } }
    : { error: { message, type, param: null, code: type === 'not_found_error' ? 'model_not_found' : type } };
}
