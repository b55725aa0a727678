import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { cpuTimer } from '../../tests/harness/cpu-time.ts';
import { MAX_PROBLEMS, type ManifestProblem } from './manifest-problem.ts';
import { PROCESS_NAME } from './manifest-schema.ts';
import { validateManifest } from './manifest-validation.ts';
import { type Manifest, MAX_MANIFEST_LENGTH, resolveManifest } from './manifest.ts';

const RUNS = 12_000;
/** Milliseconds of a processor for one text; the worst takes a third of a second. */
const SLOWEST = 5000;
const RUN_LIMIT = 240_000;

const KEYS =
  'version web workers build command port health_path restart_after_task name timeout_seconds services << ' +
  '__proto__ constructor prototype toString length';
const key = fc.constantFrom('', ...KEYS.split(' '));
const scalar = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.double(),
  fc.integer(),
  fc.constantFrom(
    true,
    false,
    null,
    1,
    80,
    3000,
    65_536,
    -0,
    1e21,
    '/',
    '/up?x=1',
    'pnpm dev',
    'a',
    '1',
    '\0',
  ),
);
const command = fc.string({ minLength: 1 });
const flag = fc.boolean();

/** A manifest as people mean it; most of them are valid. */
const meant = fc.record(
  {
    version: fc.constant(1),
    web: fc.record(
      {
        command,
        port: fc.integer({ min: 1, max: 65_535 }),
        health_path: fc.webPath(),
        restart_after_task: flag,
      },
      { requiredKeys: [] },
    ),
    build: fc.record({ command: fc.string(), timeout_seconds: fc.integer({ min: 1, max: 86_400 }) }),
    workers: fc.array(fc.record({ name: fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/), command }), {
      maxLength: 5,
    }),
  },
  { requiredKeys: ['version'] },
);
const structured = fc.oneof(meant, fc.object({ key, values: [scalar], maxDepth: 4, maxKeys: 6 }));
const written = fc
  .tuple(structured, flag)
  .map(([value, asJson]) => (asJson ? JSON.stringify(value) : stringify(value, { lineWidth: 0 })));

/** A manifest with a piece of it replaced. */
const broken = fc
  .tuple(written, fc.nat(), fc.nat({ max: 10 }), fc.oneof(fc.string({ unit: 'binary' }), fc.string()))
  .map(([text, at, length, piece]) => {
    const from = at % (text.length + 1);
    return text.slice(0, from) + piece + text.slice(from + length);
  });

/** What YAML gives a meaning to. */
const TOKENS =
  String.raw`web port command workers name version x 1 3000 0x7f 1e3 .inf .nan ~ yes 0o17 1_000 2001-01-01
: - ? , [ ] { } " ' | >- # & * ! &a *a &b *b <<: !!str !!binary !!timestamp !!int !!set !!omap !custom !<tag:x>
%YAML %TAG --- ... __proto__ constructor \ \ud800`.split(/\s+/);
const SPACES = [' ', '\n', '\n  ', '\n    ', '\t', '\r', '\0', '\ufeff', '\ud800', '\u2028', ''];
const token = fc.tuple(fc.constantFrom(...TOKENS), fc.constantFrom(...SPACES)).map((pair) => pair.join(''));
const soup = fc.array(token, { maxLength: 60, size: 'max' }).map((tokens) => tokens.join(''));

const fill = (unit: string, length = MAX_MANIFEST_LENGTH): string =>
  unit.repeat(Math.ceil(length / unit.length)).slice(0, length);

/** Every level names the one before it several times. */
const bomb = (levels: number, width: number): string =>
  Array.from({ length: levels }, (_, level) => {
    const item = level === 0 ? 'x' : `*a${level - 1}`;
    return `a${level}: &a${level} [${Array<string>(width).fill(item).join(',')}]`;
  }).join('\n');

const SIGNS = '[ { - ? : & * ! a [] [[], [" [{ !%41 &&'.split(' ');
const LINES = [
  '{a: ',
  'a: {',
  '- ',
  '? ',
  '?\n',
  '- ? : ',
  '&a ',
  '!a ',
  '%a\n',
  '---\n',
  '...\n',
  ': ',
  '<<: ',
];
const BLANKS = ['"" ', '\n', '#\n', ' ', '\t', '\r', '\0', '\u2028', 'a: |\n ', 'a: |9+\n', 'a: >\n  x\n\n'];
const CYCLES = [
  '&a [*a]',
  'web: &a {command: *a}',
  '&r {web: *r}',
  'workers: &a [*a]',
  '&a a: *a',
  'a: &v [*v]',
];

/** Texts made to be expensive, or to mean something else than they seem to. */
const HOSTILE = [
  ...[...SIGNS, ...LINES, ...BLANKS].map((unit) => fill(unit)),
  ...CYCLES,
  ...[1, 2, 5, 9, 60].flatMap((width) => [2, 5, 30, 200].map((levels) => bomb(levels, width))),
  `[${fill(',', MAX_MANIFEST_LENGTH - 2)}]`,
  `a: "${fill('\\\n', MAX_MANIFEST_LENGTH - 6)}"`,
  `workers: [${fill('1,', MAX_MANIFEST_LENGTH - 12)}]`,
  `workers: [${fill('{},', MAX_MANIFEST_LENGTH - 13)}]`,
  `{${Array.from({ length: 4000 }, (_, index) => index.toString(36)).join(',')}}`,
  `version: 1\n? ${fill('k', MAX_MANIFEST_LENGTH - 30)}\n: 1`,
  `version: 1\nworkers: [{name: "${fill('n', MAX_MANIFEST_LENGTH - 60)}", command: x}]`,
  `web: {port: ${fill('1', MAX_MANIFEST_LENGTH - 20)}}`,
  `web: {health_path: "/${fill('!', MAX_MANIFEST_LENGTH - 30)} "}`,
  `web: {command: "${fill(' ', 8192)}"}`,
  `a: &a x\nb: [${fill('*a,', MAX_MANIFEST_LENGTH - 20)}]`,
  `a: &a {x: 1}\n${Array.from({ length: 400 }, (_, index) => `b${index}: {<<: [*a,*a]}`).join('\n')}`,
  'version: 1\nweb: &w {command: x, x: *w}',
  '{a: 1}: 2\n? [x]\n: 3\n&b [c]: *b',
  'version: 1\nweb: {port: 1}\n---\nweb: {port: 2}',
  'version: 1\nversion: 1\nweb: {}',
  'version: 1\n__proto__: {web: {port: 9}}\nweb: {__proto__: {command: evil}}',
  '%YAML 1.1\n---\nversion: 1\nx: &x {command: merged}\nweb: {<<: *x, port: 0o17, restart_after_task: yes}',
  'version: 1\nweb: {command: !!binary "aGVsbG8="}',
  'version: 1\nworkers: !!set {a, b}',
  String.raw`version: 1
web: {command: "\ud800"}`,
];
/** The beginning of one of them: what is unfinished is another text, and a short one is soon read. */
const hostile = fc
  .tuple(fc.constantFrom(...HOSTILE), fc.nat({ max: 4096 }))
  .map(([text, length]) => text.slice(0, length));

const anyText = fc.oneof(
  { weight: 5, arbitrary: written },
  { weight: 5, arbitrary: broken },
  { weight: 5, arbitrary: soup },
  { weight: 1, arbitrary: hostile },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', size: 'max', maxLength: 2000 }) },
);

const isWellFormedCommand = (text: string): boolean =>
  text.trim() !== '' && text.length <= 8192 && !text.includes('\0') && text.isWellFormed();

/** Everything that starting it takes for granted. */
function expectRunnable({ web, build, workers }: Manifest): void {
  const commands = [...(web ? [web.command] : []), ...workers.map((worker) => worker.command)];
  expect(commands.length).toBeGreaterThan(0);
  expect(commands.filter((text) => !isWellFormedCommand(text))).toEqual([]);
  if (web) {
    expect(Number.isInteger(web.port) && web.port >= 1 && web.port <= 65_535).toBe(true);
    expect(web.health_path).toMatch(/^\/[!-~]*$/);
    expect(web.restart_after_task).toBeTypeOf('boolean');
  }
  expect(build.command).toBeTypeOf('string');
  expect(build.timeout_seconds).toBeGreaterThan(0);
  const names = ['web', ...workers.map(({ name }) => name)];
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeLessThanOrEqual(101);
  expect(names.filter((name) => !PROCESS_NAME.test(name))).toEqual([]);
}

function expectLegible(problems: readonly ManifestProblem[]): void {
  expect(problems.length).toBeLessThanOrEqual(MAX_PROBLEMS + 1);
  for (const { path, message } of problems) {
    expect(path).toMatch(/^\P{Cc}{0,200}$/u);
    expect(message).toMatch(/^\P{Cc}{1,300}$/u);
  }
}

const DEFAULTS = resolveManifest(undefined).manifest;

/** @returns how many milliseconds of a processor it took, and whether the validator is content */
function expectPlanOrProblems(text: string): { took: number; valid: boolean } {
  const spentMs = cpuTimer();
  const { manifest, problems } = resolveManifest(text);
  const report = validateManifest(text);
  const took = spentMs();
  expectRunnable(manifest);
  for (const list of [problems, report.errors, report.warnings]) expectLegible(list);
  expect(report.valid).toBe(report.errors.length === 0);
  // What the validator accepts is what runs, and what cannot be used leaves the defaults.
  const plan = report.valid ? report.effective : problems.length > 0 ? DEFAULTS : manifest;
  expect(manifest).toEqual(plan);
  expect(report.valid && problems.length > 0).toBe(false);
  expect(report.effective !== undefined).toBe(report.valid);
  return { took, valid: report.valid };
}

describe('any text', () => {
  it(
    'resolves to a plan or to listed problems, without a throw and in time',
    () => {
      let slowest = 0;
      let valid = 0;
      fc.assert(
        fc.property(anyText, (text) => {
          const outcome = expectPlanOrProblems(text);
          slowest = Math.max(slowest, outcome.took);
          if (outcome.valid) valid += 1;
        }),
        { numRuns: RUNS },
      );
      expect(slowest).toBeLessThan(SLOWEST);
      // Not only refusals were tested.
      expect(valid).toBeGreaterThan(RUNS / 20);
    },
    RUN_LIMIT,
  );

  it.each(HOSTILE.map((text, index) => [index, text] as const))(
    'made to be hostile, like no. %i, does so too',
    (_, text) => {
      expect(expectPlanOrProblems(text).took).toBeLessThan(SLOWEST);
    },
  );
});
