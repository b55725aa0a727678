import * as v from 'valibot';
import { invalid } from '../../src/domain/errors.ts';
import { parseDirectoryPath } from '../../src/domain/paths.ts';

const DEFAULT_SECONDS = 60;
const MAX_SECONDS = 86_400;

const text = (name: string) =>
  v.pipe(v.string(`${name}: must be text.`), v.excludes('\0', `${name}: contains a NUL character.`));

const schema = v.object({
  cmd: v.pipe(
    v.array(text('cmd'), 'cmd: must be a list of texts, the program and its arguments.'),
    v.minLength(1, 'cmd: is empty. Name a program.'),
    v.check(([program]) => program !== '', 'cmd: the program has no name.'),
  ),
  cwd: v.optional(v.string('cwd: must be text.')),
  env: v.optional(
    v.record(
      v.pipe(
        v.string(),
        v.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'env: has a name that is not one of a variable.'),
      ),
      text('env'),
      'env: must be an object of texts.',
    ),
    {},
  ),
  timeout_s: v.optional(
    v.pipe(
      v.number('timeout_s: must be a number of seconds.'),
      v.minValue(0, 'timeout_s: must not be negative.'),
      v.maxValue(MAX_SECONDS, `timeout_s: must be at most ${MAX_SECONDS}.`),
    ),
    0,
  ),
  stdin: v.optional(v.string('stdin: must be text.')),
});

export interface ExecOrder {
  readonly argv: readonly string[];
  /** Relative to the app directory; "" is that itself. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly limit: number;
  readonly stdin: string | undefined;
}

/** Reads an `ExecRequest`. @throws invalid_request naming the field */
export function parseExec(value: unknown): ExecOrder {
  const parsed = v.safeParse(schema, value);
  if (!parsed.success) throw invalid(parsed.issues[0].message);
  const { cmd, cwd, env, timeout_s, stdin } = parsed.output;
  return {
    argv: cmd,
    cwd: parseDirectoryPath(cwd, 'cwd'),
    env,
    limit: (timeout_s || DEFAULT_SECONDS) * 1000,
    stdin,
  };
}
