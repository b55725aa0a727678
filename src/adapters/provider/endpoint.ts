/** The three ways to ask a model, by the form of their answers. */
export type ApiKind = 'messages' | 'chat' | 'responses';

export interface Endpoint {
  /** Below the provider's base URL, with its query. */
  readonly path: string;
  /** Absent where nothing is generated: such an answer costs nothing and decides nothing. */
  readonly kind?: ApiKind;
}

const ASKING: Readonly<Record<string, ApiKind | 'count'>> = {
  '/v1/messages': 'messages',
  '/v1/messages/count_tokens': 'count',
  '/v1/chat/completions': 'chat',
  '/v1/responses': 'responses',
};
/** Segments begin with a letter or a digit: none of them is `.` or `..`, and nothing is percent-encoded. */
const MODELS = /^\/v1\/models(?:\/[A-Za-z0-9][A-Za-z0-9._:@-]*){0,3}$/;
/** Claude Code says so with every request. */
const BETA = 'beta=true';

/**
 * What an agent's request asks for, or undefined for what is no task's business: batches, files, fine-tuning, keys.
 * @param target as it stands in the request line: an absolute URL is nothing that is known here
 */
export function findEndpoint(method: string | undefined, target: string | undefined): Endpoint | undefined {
  const [path, query] = split(target ?? '');
  if (method === 'GET') return MODELS.test(path) ? { path: below(path) } : undefined;
  const kind = method === 'POST' && Object.hasOwn(ASKING, path) ? ASKING[path] : undefined;
  if (kind === undefined) return undefined;
  // No other query goes up: a gateway may take keys, versions or hosts from there.
  const suffix = query === BETA ? `?${BETA}` : '';
  return { path: below(path) + suffix, ...(kind !== 'count' && { kind }) };
}

function split(target: string): [string, string?] {
  const mark = target.indexOf('?');
  return mark < 0 ? [target] : [target.slice(0, mark), target.slice(mark + 1)];
}

/** The base URL has the version already. */
const below = (path: string): string => path.slice('/v1'.length);
