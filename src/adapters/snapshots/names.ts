import { invalid } from '../../domain/errors.ts';
import { parseId } from '../../domain/ids.ts';

export const ARCHIVE = 'archive.tar.zst';
export const MANIFEST = 'manifest.json';

/** The id as it is written in names, so that no other text ever becomes a path. @throws invalid_request */
export function snapshotName(id: string): string {
  const name = parseId(id);
  if (name === undefined) throw invalid('id: is no id of a snapshot. Give the 26 characters of one.');
  return name;
}

/** What was made for a snapshot is named by its id; anything else was put there by somebody else. */
export const isSnapshotName = (name: string): boolean => parseId(name) === name;
