import { describeRoute, resolver } from 'hono-openapi';
import type * as v from 'valibot';
import type { ErrorCode } from '../domain/errors.ts';
import { ERROR_STATUS } from '../domain/errors.ts';
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
}

/** Documents one route of the public API; the OpenAPI document is generated from these. */
export function operation(operated: Operation) {
  const { id, summary, description, tag, body, rawBody, query, ok, errors = [], open } = operated;
  const content = {
    ...(body && { 'application/json': { schema: resolver(body) } }),
    ...(rawBody && { [rawBody]: { schema: { type: 'string', format: 'binary' } as const } }),
  };
  const failures: ErrorCode[] = [...(open ? [] : (['unauthorized'] as const)), ...errors, 'internal'];
  return describeRoute({
    operationId: id,
    summary,
    ...(description !== undefined && { description }),
    tags: [tag],
    ...(open && { security: [] }),
    ...((body || rawBody) && { requestBody: { content } }),
    parameters: Object.entries(query ?? {}).map(([name, description]) => ({
      name,
      in: 'query' as const,
      description,
      schema: { type: 'string' as const },
    })),
    responses: { ...successes(ok), ...failureResponses(failures) },
  });
}

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
