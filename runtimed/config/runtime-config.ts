import * as v from 'valibot';
import { invalid } from '../../src/domain/errors.ts';
import type { RuntimeConfig } from '../../src/domain/runtimed.ts';

const Variable = v.tuple([
  v.pipe(
    v.string(),
    v.regex(/^[^=\0]+$/, 'env: has a name that no variable can have: it is empty, or contains "=" or NUL.'),
  ),
  v.pipe(v.string('env: must hold texts.'), v.excludes('\0', 'env: contains a NUL character.')),
]);

/** Names and values as the kernel takes them. As a list of pairs: a record of valibot's drops names like `constructor`. */
export const Variables = v.pipe(
  v.custom<object>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'env: must be an object of texts.',
  ),
  v.transform(Object.entries),
  v.array(Variable),
  v.transform((pairs): Readonly<Record<string, string>> => Object.fromEntries(pairs)),
);

const REVISION = 'revision: must be a whole number above 0.';

const schema = v.object({
  revision: v.pipe(v.number(REVISION), v.safeInteger(REVISION), v.minValue(1, REVISION)),
  env: Variables,
  secrets: v.array(v.string('secrets: must be texts.'), 'secrets: must be a list of texts.'),
});

/** @throws invalid_request naming the field, never a value */
export function parseRuntimeConfig(value: unknown): RuntimeConfig {
  const parsed = v.safeParse(schema, value);
  if (!parsed.success) throw invalid(parsed.issues[0].message);
  return parsed.output;
}
