import * as v from 'valibot';
import { invalid } from './errors.ts';

/**
 * Checks what a caller sent against a schema and names the first field that does not fit.
 * @throws invalid_request, with the field's name and what would be right
 */
export function parseInput<Schema extends v.GenericSchema>(
  schema: Schema,
  input: unknown,
): v.InferOutput<Schema> {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw invalid('The body must be a JSON object.');
  }
  const result = v.safeParse(schema, input, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const field = v.getDotPath(issue);
  if (isUnknown(issue)) throw invalid(`${named(field)}: cannot be set here`);
  throw invalid(field === null ? issue.message : `${field}: ${explain(issue)}`);
}

const isUnknown = (issue: v.BaseIssue<unknown>): boolean =>
  issue.type === 'strict_object' && issue.expected === 'never';

/** A field that nobody knows may be called anything, also by what was meant for its value. */
const named = (field: string | null): string =>
  field !== null && /^[A-Za-z_][\w.]{0,63}$/.test(field) ? field : 'a field';

function explain(issue: v.BaseIssue<unknown>): string {
  if (issue.received === 'undefined') return 'is required';
  return issue.message;
}
