import { boundedProblems, type ManifestProblem, pathText } from './manifest-problem.ts';
import { isMapping, KNOWN_KEYS } from './manifest-schema.ts';
import { complete, defaultManifest, type Manifest, parseDeclared, readManifest } from './manifest.ts';

/** The answer to "would this `sandbox.yaml` do what I mean?". */
export interface ManifestReport {
  readonly valid: boolean;
  readonly errors: readonly ManifestProblem[];
  /** What would be ignored, or is probably not meant. */
  readonly warnings: readonly ManifestProblem[];
  /** The manifest with its defaults; present when valid. */
  readonly effective?: Manifest;
}

const COMPOSE_KEYS = new Set(['services', 'processes', 'command', 'port']);
const TOP_LEVEL_KEYS = ['version', 'web', 'build', 'workers'];

/** Stricter than the executor, which runs what it can: a version is required, and nothing may be misunderstood. */
export function validateManifest(text: string): ManifestReport {
  const read = readManifest(text);
  if ('problems' in read) return { valid: false, errors: boundedProblems(read.problems), warnings: [] };
  const value = read.value ?? {};
  const parsed = parseDeclared(value);
  const errors = boundedProblems([
    ...versionProblems(value),
    ...composeProblems(value),
    ...('problems' in parsed ? parsed.problems : []),
  ]);
  const warnings = boundedProblems([...read.oddities, ...unknownKeys(value), ...nothingToRun(value)]);
  if ('problems' in parsed || errors.length > 0) return { valid: false, errors, warnings };
  return { valid: true, errors, warnings, effective: complete(parsed.declared, defaultManifest({})) };
}

function versionProblems(manifest: unknown): ManifestProblem[] {
  if (!isMapping(manifest)) return [];
  if (!Object.hasOwn(manifest, 'version')) {
    return [{ path: 'version', message: 'is required: write "version: 1"' }];
  }
  return manifest['version'] === 1 ? [] : [{ path: 'version', message: 'must be 1, without quotes' }];
}

function composeProblems(manifest: unknown): ManifestProblem[] {
  const message =
    'is not a field: this is not Docker Compose. ' +
    'Put the previewed process under "web", and others under "workers"';
  return ownKeys(manifest)
    .filter((key) => COMPOSE_KEYS.has(key))
    .map((path) => ({ path, message }));
}

function unknownKeys(manifest: unknown): ManifestProblem[] {
  if (!isMapping(manifest)) return [];
  const workers = Array.isArray(manifest['workers']) ? (manifest['workers'] as unknown[]) : [];
  return [
    ...unknownAmong(manifest, TOP_LEVEL_KEYS, []).filter(({ path }) => !COMPOSE_KEYS.has(path)),
    ...unknownAmong(manifest['web'], KNOWN_KEYS.web, ['web']),
    ...unknownAmong(manifest['build'], KNOWN_KEYS.build, ['build']),
    ...workers.flatMap((worker, index) => unknownAmong(worker, KNOWN_KEYS.worker, ['workers', index])),
  ];
}

function unknownAmong(
  mapping: unknown,
  known: readonly string[],
  place: readonly (string | number)[],
): ManifestProblem[] {
  return ownKeys(mapping)
    .filter((key) => !known.includes(key))
    .map((key) => ({
      path: pathText([...place, key]),
      message: `is unknown and ignored; known: ${known.join(', ')}`,
    }));
}

function nothingToRun(manifest: unknown): ManifestProblem[] {
  if (!isMapping(manifest) || Object.hasOwn(manifest, 'web')) return [];
  const workers = manifest['workers'];
  if (Array.isArray(workers) ? workers.length > 0 : (workers ?? undefined) !== undefined) return [];
  return [{ path: '', message: 'declares neither web nor workers: the default web app runs' }];
}

const ownKeys = (value: unknown): string[] => (isMapping(value) ? Object.keys(value) : []);
