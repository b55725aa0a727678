import { makeZip } from 'client-zip';
import { APP_DIRECTORY } from '../../src/domain/paths.ts';

/** The app in a home that is kept in memory, as a zip archive. */
export const zipped = (home: ReadonlyMap<string, Uint8Array>): ReadableStream<Uint8Array> =>
  makeZip(
    [...home].flatMap(([path, input]) =>
      path.startsWith(`${APP_DIRECTORY}/`)
        ? [{ name: path.slice(APP_DIRECTORY.length + 1), input, lastModified: 1e12 }]
        : [],
    ),
  );
