import {
  byPath,
  fileErrors,
  isUnlisted,
  MAX_LISTED_ENTRIES,
  type SandboxFiles,
  type FileQuery,
} from '../../src/domain/files.ts';
import { APP_DIRECTORY } from '../../src/domain/paths.ts';
import { type FileEntry, MAX_READ_BYTES, MAX_WRITE_BYTES } from '../../src/domain/runtimed.ts';

/** Files in memory, by path below the home; directories are what has files below it. It knows no symlinks. */
export function fakeFiles(files = new Map<string, Uint8Array>()): SandboxFiles {
  const isDirectory = (path: string) => [...files.keys()].some((key) => key.startsWith(`${path}/`));
  return {
    async list({ path, root, recursive }) {
      const base = resolve({ path, root });
      if (files.has(base)) throw fileErrors.notDirectory();
      if (path !== '' && !isDirectory(base)) throw fileErrors.absent();
      const entries = entriesBelow(files, base, recursive).toSorted(byPath);
      if (entries.length > MAX_LISTED_ENTRIES) throw fileErrors.tooMany();
      return { path, recursive, entries };
    },
    async read(query) {
      const path = resolve(query);
      const bytes = files.get(path);
      if (bytes === undefined) throw isDirectory(path) ? fileErrors.notFile() : fileErrors.absent();
      if (bytes.byteLength > MAX_READ_BYTES) throw fileErrors.readTooLarge();
      return bytes;
    },
    async write(query, body) {
      const path = resolve(query);
      if (isDirectory(path)) throw fileErrors.notFile();
      if (ancestors(path).some((parent) => files.has(parent))) throw fileErrors.throughFile();
      const old = query.append ? (files.get(path) ?? new Uint8Array()) : new Uint8Array();
      if (old.byteLength + body.byteLength > MAX_WRITE_BYTES) throw fileErrors.writeTooLarge();
      files.set(path, Uint8Array.from([...old, ...body]));
    },
    async delete(query) {
      const path = resolve(query);
      const gone = [...files.keys()].filter((key) => key === path || key.startsWith(`${path}/`));
      if (gone.length === 0) throw fileErrors.absent();
      for (const key of gone) files.delete(key);
    },
  };
}

function resolve({ path, root }: FileQuery): string {
  const base = root === 'app' ? APP_DIRECTORY : '';
  return [base, path].filter((part) => part !== '').join('/');
}

const ancestors = (path: string): string[] =>
  path.split('/').flatMap((_, index, parts) => (index === 0 ? [] : [parts.slice(0, index).join('/')]));

function entriesBelow(files: ReadonlyMap<string, Uint8Array>, base: string, recursive: boolean): FileEntry[] {
  const prefix = base === '' ? '' : `${base}/`;
  const entries = new Map<string, FileEntry>();
  for (const [key, bytes] of files) {
    if (!key.startsWith(prefix)) continue;
    const segments = key.slice(prefix.length).split('/');
    for (const [index, segment] of segments.entries()) {
      const path = segments.slice(0, index + 1).join('/');
      const type = index === segments.length - 1 ? 'file' : 'directory';
      if (isUnlisted(segment, type)) break;
      entries.set(path, type === 'file' ? { path, type, size: bytes.byteLength } : { path, type });
      if (!recursive) break;
    }
  }
  return [...entries.values()];
}
