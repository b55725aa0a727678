import * as v from 'valibot';
import { type Document, isCollection, parseDocument, visit } from 'yaml';
import { boundedProblems, type ManifestProblem, pathText } from './manifest-problem.ts';
import { type DeclaredManifest, manifestSchema } from './manifest-schema.ts';
import type { Preset } from './preset.ts';
import { DEFAULT_PORT } from './sandbox.ts';

/** The file, in the app directory. */
export const MANIFEST_FILE = 'sandbox.yaml';
/** Characters. YAML that is made to be slow costs time quadratic in its length, and the API validates for strangers. */
export const MAX_MANIFEST_LENGTH = 16_384;
/** What runs where neither a file nor a preset says otherwise. */
const FALLBACK = {
  web: { command: 'pnpm dev', port: DEFAULT_PORT, health_path: '/', restart_after_task: false },
  build: { command: 'pnpm build', timeout_seconds: 120 },
  workers: [],
} as const satisfies Manifest;

/** How often one anchor may be expanded, in total. */
const MAX_ALIASES = 100;

/** A `sandbox.yaml` with every default filled in: always something to run. */
export interface Manifest {
  readonly web?: WebDefinition;
  readonly build: BuildDefinition;
  readonly workers: readonly WorkerDefinition[];
}

export interface WebDefinition {
  readonly command: string;
  readonly port: number;
  readonly health_path: string;
  readonly restart_after_task: boolean;
}

export interface BuildDefinition {
  /** Empty = there is no build check. */
  readonly command: string;
  readonly timeout_seconds: number;
}

export interface WorkerDefinition {
  readonly name: string;
  readonly command: string;
  readonly restart_after_task: boolean;
}

export const PACKAGE_MANAGERS = ['pnpm', 'npm', 'yarn', 'bun'] as const;
export type PackageManager = (typeof PACKAGE_MANAGERS)[number];

/** What the defaults depend on besides the file. */
export interface ManifestContext {
  readonly preset?: Preset | undefined;
  /** The one the app pins. */
  readonly packageManager?: PackageManager | undefined;
}

/**
 * What to run, for any text and never with a throw. A file that cannot be used as it is leaves its problems beside
 * the defaults: the preset's own manifest, else a web app started with `pnpm dev`.
 * @param text of `sandbox.yaml`, or undefined where there is none
 */
export function resolveManifest(
  text: string | undefined,
  context: ManifestContext = {},
): { manifest: Manifest; problems: ManifestProblem[] } {
  const defaults = defaultManifest(context);
  const read = readManifest(text ?? '');
  if ('problems' in read) return { manifest: defaults, problems: boundedProblems(read.problems) };
  const parsed = parseDeclared(read.value ?? {});
  if ('problems' in parsed) return { manifest: defaults, problems: boundedProblems(parsed.problems) };
  return { manifest: complete(parsed.declared, defaults, context.packageManager), problems: [] };
}

/** The `sandbox.yaml` of a preset, in the words of the package manager the app pins. */
export function presetManifest(preset: Preset, packageManager: PackageManager = 'pnpm'): string {
  return preset.manifest.replaceAll(/^\s*command: .*$/gm, (line) => inWordsOf(packageManager, line));
}

/** What a YAML text says. */
interface ReadManifest {
  /** Plain data; `undefined` when there is nothing in it. */
  readonly value: unknown;
  /** What YAML itself finds odd, and passes over. */
  readonly oddities: readonly ManifestProblem[];
}

/** The YAML as plain data, for any text and never with a throw. */
export function readManifest(text: string): ReadManifest | { problems: ManifestProblem[] } {
  if (text.length > MAX_MANIFEST_LENGTH) return refuse(`is longer than ${MAX_MANIFEST_LENGTH} characters`);
  try {
    const document = parseDocument(text, { logLevel: 'error' });
    const [error] = document.errors;
    if (error) return refuse(explain(error));
    if (hasNestedKey(document))
      return refuse('has a mapping or a list where a key belongs, after "?" or in brackets');
    const value = (document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown) ?? undefined;
    return {
      value,
      oddities: document.warnings.map(({ message }) => ({ path: '', message: tidy(message) })),
    };
  } catch (thrown) {
    // Too many aliases, an alias without its anchor, or nesting deeper than the stack.
    return refuse(thrown instanceof Error ? explain(thrown) : 'is not usable YAML');
  }
}

/** As plain data such a key becomes its own text, quoted once more at every level: exponential in a few characters. */
function hasNestedKey(document: Document): boolean {
  let found = false;
  visit(document, {
    Pair: (_, { key }) => {
      found ||= isCollection(key);
      return found ? visit.BREAK : undefined;
    },
  });
  return found;
}

function explain(error: Error & { code?: string }): string {
  if (error.code === 'MULTIPLE_DOCS') return 'holds more than one YAML document; remove what follows "---"';
  // How deep that is depends on the machine; nothing that means anything here is nested more than three times.
  if (error.message.startsWith('Maximum call stack')) return 'is nested too deeply';
  return `is not valid YAML: ${tidy(error.message)}`;
}

/** Checks fields and values; what is not a field of a manifest is not looked at. */
export function parseDeclared(
  value: unknown,
): { declared: DeclaredManifest } | { problems: ManifestProblem[] } {
  const result = v.safeParse(manifestSchema, value);
  if (result.success) return { declared: result.output };
  const problems = result.issues.map(({ path = [], message }) => ({
    path: pathText(path.map(({ key }) => key)),
    message,
  }));
  return { problems };
}

/**
 * Fills in what a declaration leaves open.
 * @param defaults what runs where nothing is declared; of a web process, its command too
 */
export function complete(
  declared: DeclaredManifest,
  defaults: Manifest,
  packageManager?: PackageManager,
): Manifest {
  const { web, workers } = declared;
  const fallback = fallbackFor(packageManager);
  const declaresNothing = web === undefined && workers.length === 0;
  const check = declaresNothing ? defaults.build : fallback.build;
  const build = {
    command: declared.build.command ?? check.command,
    timeout_seconds: declared.build.timeout_seconds ?? check.timeout_seconds,
  };
  if (declaresNothing) return { ...defaults, build };
  if (web === undefined) return { build, workers };
  const command = web.command ?? (defaults.web ?? fallback.web).command;
  return { web: { ...web, command }, build, workers };
}

/** What runs where nothing usable is declared. */
export function defaultManifest({ preset, packageManager = 'pnpm' }: ManifestContext): Manifest {
  const fallback = fallbackFor(packageManager);
  if (preset === undefined) return fallback;
  const read = readManifest(presetManifest(preset, packageManager));
  const parsed = parseDeclared('value' in read ? read.value : undefined);
  return 'declared' in parsed ? complete(parsed.declared, fallback, packageManager) : fallback;
}

/** A web app with its build check, in the words of a package manager. */
const fallbackFor = (packageManager: PackageManager = 'pnpm') => ({
  web: { ...FALLBACK.web, command: inWordsOf(packageManager, FALLBACK.web.command) },
  build: { ...FALLBACK.build, command: inWordsOf(packageManager, FALLBACK.build.command) },
  workers: FALLBACK.workers,
});

const RUN_SCRIPT: Record<PackageManager, string> = {
  pnpm: 'pnpm',
  npm: 'npm run',
  yarn: 'yarn',
  bun: 'bun run',
};

const inWordsOf = (packageManager: PackageManager, command: string): string =>
  command.replace(/\bpnpm (?=\S)/, `${RUN_SCRIPT[packageManager]} `);

const refuse = (message: string) => ({ problems: [{ path: '', message }] });

/** The first line of a message of the parser: the others show the text it is about. */
const tidy = (message: string): string => message.split('\n', 1)[0]?.replace(/:$/, '') ?? '';
