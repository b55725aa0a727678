import { matchedRoutes } from 'hono/route';
import { describeRoute, resolver } from 'hono-openapi';
import type * as v from 'valibot';
import type { ErrorCode } from '../domain/errors.ts';
import { ERROR_STATUS } from '../domain/errors.ts';
import type { AppContext } from './context.ts';
import { ErrorBody } from './v1/schemas.ts';

interface Operation {
  /** Unique, camelCase: SDK generators name methods after it. */
  readonly id: string;
  readonly summary: string;
  /** What one line does not tell. */
  readonly description?: string;
  readonly tag:
    | 'Apps'
    | 'Sandboxes'
    | 'Files'
    | 'Tasks'
    | 'Snapshots'
    | 'Config'
    | 'Agents'
    | 'Webhooks'
    | 'Instance'
    | 'Identity';
  readonly body?: v.GenericSchema;
  /** Media type of a body that is not JSON. */
  readonly rawBody?: string;
  readonly query?: Record<string, string>;
  readonly ok: Record<number, v.GenericSchema | string>;
  readonly errors?: readonly ErrorCode[];
  /** Anybody may call it. */
  readonly open?: boolean;
  /** Whether it makes something, so that it takes an `Idempotency-Key`; told by a 201 or 202 where it is not said. */
  readonly creates?: boolean;
}

/** The documented operations that create. */
const creations = new WeakSet<object>();

/** Whether a request is for one of them. */
export const isCreation = (c: AppContext): boolean =>
  matchedRoutes(c).some(({ handler }) => creations.has(handler));

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  description:
    '1–255 printable ASCII characters of your own. For 24 hours the same request with the same key gets the first answer, with `Idempotency-Replayed: true`, and makes nothing new; another request with it is a 409. A request that failed may be repeated with its key.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
} as const;

/** Documents one route of the public API; the OpenAPI document is generated from these. */
export function operation(operated: Operation) {
  const { id, summary, description, tag, body, rawBody, query, ok, errors = [], open } = operated;
  const { creates = 201 in ok || 202 in ok } = operated;
  const content = {
    ...(body && { 'application/json': { schema: resolver(body) } }),
    ...(rawBody && { [rawBody]: { schema: { type: 'string', format: 'binary' } as const } }),
  };
  const failures: ErrorCode[] = [
    ...(open ? [] : (['unauthorized'] as const)),
    ...errors,
    ...(creates ? (['invalid_request', 'conflict'] as const) : []),
    'internal',
  ];
  const handler = describeRoute({
    operationId: id,
    summary,
    ...(description !== undefined && { description }),
    tags: [tag],
    ...(open && { security: [] }),
    ...((body || rawBody) && { requestBody: { content } }),
    parameters: [...queryParameters(query), ...(creates ? [IDEMPOTENCY_KEY] : [])],
    responses: { ...successes(ok), ...failureResponses(failures) },
  });
  if (creates) creations.add(handler);
  return handler;
}

const queryParameters = (query: Operation['query'] = {}) =>
  Object.entries(query).map(([name, description]) => ({
    name,
    in: 'query' as const,
    description,
    schema: { type: 'string' as const },
  }));

function successes(ok: Operation['ok']) {
  return Object.fromEntries(
    Object.entries(ok).map(([status, answer]) => [
      status,
      typeof answer === 'string'
        ? { description: answer }
        : { description: 'OK', content: { 'application/json': { schema: resolver(answer) } } },
    ]),
  );
}

function failureResponses(codes: readonly ErrorCode[]) {
  const byStatus = Map.groupBy(codes, (code) => String(ERROR_STATUS[code]));
  return Object.fromEntries(
    [...byStatus].map(([status, of]) => [
      status,
      {
        description: [...new Set(of)].join(', '),
        content: { 'application/json': { schema: resolver(ErrorBody) } },
      },
    ]),
  );
}
