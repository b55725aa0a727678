import * as v from 'valibot';
import type { SnapshotManifest } from '../../domain/snapshot-store.ts';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const Manifest = v.object({
  version: v.literal(1),
  id: v.string(),
  preset: v.exactOptional(v.string()),
  template: v.string(),
  parentSnapshotId: v.exactOptional(v.string()),
  baseImage: v.string(),
  sizeBytes: count,
  contentBytes: count,
  fileCount: count,
  entryCount: count,
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  warnings: v.array(v.string()),
  createdAt: count,
});

/** For people too: it lies beside an archive that somebody may find without us. */
export const writeManifest = (manifest: SnapshotManifest): string =>
  `${JSON.stringify(manifest, undefined, 2)}\n`;

/**
 * Undefined for what is damaged or of another snapshot. Without its digest an archive cannot be trusted, so it counts as one that is
 * not there: what captures it again replaces it.
 */
export function readManifest(id: string, text: string): SnapshotManifest | undefined {
  try {
    const { output, success } = v.safeParse(Manifest, JSON.parse(text));
    return success && output.id === id ? output : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
