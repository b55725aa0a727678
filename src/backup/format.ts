import * as v from 'valibot';
import { invalid } from '../domain/errors.ts';
import { parseId } from '../domain/ids.ts';

/** Grows whenever a program of before could not read what one of now writes. */
export const FORMAT_VERSION = 1;

const Count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const Sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const Id = v.pipe(
  v.string(),
  v.check((text) => parseId(text) === text),
);

/** `backup.json`: what this is. */
export const BackupHeader = v.object({
  format: v.literal('sandboxd-backup'),
  version: v.literal(FORMAT_VERSION),
  /** Of the program that made it. */
  sandboxd: v.string(),
  instanceId: v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$/)),
  nodeId: Id,
  /** Milliseconds since the epoch. */
  createdAt: Count,
  /** A remote database is nobody's to back up from here. */
  database: v.variant('kind', [
    v.object({ kind: v.literal('file'), sizeBytes: Count }),
    v.object({ kind: v.literal('remote') }),
  ]),
  /** `shared`: those of a store that several nodes share stay there, and only what is on the node's disk is in it. */
  snapshots: v.picklist(['included', 'shared']),
  keys: v.picklist(['included', 'left-out']),
  /** `configured`: it is the operator's own, and in no backup. */
  secretsKey: v.picklist(['kept', 'configured']),
});
export type BackupHeader = v.InferOutput<typeof BackupHeader>;

/** `workspaces/<id>.json`. */
export const WorkspaceFacts = v.object({
  template: v.string(),
  imageDigest: v.string(),
  sizeBytes: Count,
  sha256: Sha256,
  contentBytes: Count,
  fileCount: Count,
  entryCount: Count,
  warnings: v.array(v.string()),
});
export type WorkspaceFacts = v.InferOutput<typeof WorkspaceFacts>;

/** `snapshots/<id>/manifest.json`. */
export const KeptManifest = v.object({
  version: v.literal(1),
  id: Id,
  preset: v.optional(v.string()),
  template: v.string(),
  parentSnapshotId: v.optional(Id),
  baseImage: v.string(),
  sizeBytes: Count,
  contentBytes: Count,
  fileCount: Count,
  entryCount: Count,
  sha256: Sha256,
  warnings: v.array(v.string()),
  createdAt: Count,
});

/** Something that should be in a backup and is not. */
const LeftOut = v.object({ what: v.picklist(['workspace', 'snapshot']), id: Id, reason: v.string() });
export type LeftOut = v.InferOutput<typeof LeftOut>;

/** `checksums.json`, the last one: a backup without it was cut off. */
export const Checksums = v.object({
  members: v.record(v.string(), v.object({ size: Count, sha256: Sha256 })),
  leftOut: v.array(LeftOut),
});
export type Checksums = v.InferOutput<typeof Checksums>;

/** The names of members, and what each is. Nothing else is ever in a backup. */
export const MEMBERS = {
  header: 'backup.json',
  keys: 'keys.jwe',
  database: 'database.sqlite.zst',
  node: (path: string) => `node/${path}`,
  workspace: (id: string) => `workspaces/${id}.tar.zst`,
  workspaceFacts: (id: string) => `workspaces/${id}.json`,
  snapshot: (id: string) => `snapshots/${id}/archive.tar.zst`,
  snapshotManifest: (id: string) => `snapshots/${id}/manifest.json`,
  checksums: 'checksums.json',
  /** Ends a backup that could not be finished, and says why. No checksums follow. */
  failure: 'failure.json',
} as const;

const ID = '[0-9A-HJKMNP-TV-Z]{26}';
/** A record of the node: a directory's name, and a file's. */
export const NODE_FILE = /^[a-z]+(?:-[a-z]+)*\/[0-9A-Za-z]+\.json$/;
const WORKSPACE = new RegExp(`^workspaces/(${ID})\\.(?:tar\\.zst|json)$`);
const SNAPSHOT = new RegExp(`^snapshots/(${ID})/(?:archive\\.tar\\.zst|manifest\\.json)$`);
const SINGLE: ReadonlySet<string> = new Set([
  MEMBERS.header,
  MEMBERS.keys,
  MEMBERS.database,
  MEMBERS.checksums,
  MEMBERS.failure,
]);

export const isMemberName = (name: string): boolean =>
  SINGLE.has(name) ||
  (name.startsWith('node/') && NODE_FILE.test(name.slice('node/'.length))) ||
  WORKSPACE.test(name) ||
  SNAPSHOT.test(name);

/** The ids of all members of one kind, each once. */
export function idsAmong(names: Iterable<string>, kind: 'workspaces' | 'snapshots'): string[] {
  const pattern = kind === 'workspaces' ? WORKSPACE : SNAPSHOT;
  return [...new Set([...names].flatMap((name) => pattern.exec(name)?.[1] ?? []))];
}

/** Reads a member that is JSON. @throws invalid_request when it is not what it should be */
export function parseMember<Schema extends v.GenericSchema>(
  name: string,
  schema: Schema,
  content: Uint8Array,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, parseJson(name, content));
  if (result.success) return result.output;
  throw invalid(`The backup cannot be used: its ${name} is not what it should be.`);
}

export function parseJson(name: string, content: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(content));
  } catch (cause) {
    throw invalid(`The backup cannot be used: its ${name} is not JSON.`, { cause });
  }
}

/** Reads `backup.json`; a newer format is told before anything else about it. */
export function parseHeader(content: Uint8Array): BackupHeader {
  const found = parseJson(MEMBERS.header, content) as Partial<BackupHeader> | null;
  const version: unknown = found?.version;
  if (found?.format === 'sandboxd-backup' && typeof version === 'number' && version > FORMAT_VERSION) {
    throw invalid(
      `The backup has format ${version}, made by sandboxd ${found.sandboxd}; this program knows formats up to ${FORMAT_VERSION}. Restore it with that version, or a newer one.`,
    );
  }
  return parseMember(MEMBERS.header, BackupHeader, content);
}
