import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { SandboxdError, notFound } from '../../domain/errors.ts';
import { UnpackError } from '../../archive/unpack-error.ts';
import { unpack } from '../../archive/unpack.ts';
import { callEngine, engineStatus, refusal } from './call.ts';
import { withHelper } from './helper.ts';
import type { Names } from './names.ts';

/** For the whole of a layer, on a slow disk. */
const DEADLINE_MS = 15 * 60_000;

/** Copies the contents of a directory of an image into an empty directory of the host. */
export async function extractFromImage(
  docker: Docker,
  names: Names,
  source: { readonly image: string; readonly path: string },
  intoDirectory: string,
  signal?: AbortSignal,
): Promise<void> {
  const options = { purpose: `extract ${source.path}`, Image: source.image };
  await withHelper(docker, names, options, async (container) => {
    const archive = await readArchive(container, source.path);
    try {
      const late = AbortSignal.timeout(DEADLINE_MS);
      await unpack(
        archive,
        { directory: intoDirectory, compression: 'none', tree: { droppedSegments: 1 } },
        signal === undefined ? late : AbortSignal.any([signal, late]),
      );
    } catch (error) {
      signal?.throwIfAborted();
      throw unpackFailed(error);
    }
  });
}

async function readArchive(container: Docker.Container, path: string): Promise<Readable> {
  try {
    return (await callEngine(() => container.getArchive({ path }))) as Readable;
  } catch (error) {
    throw engineStatus(error) === 404 ? notFound('directory in the image') : refusal(error);
  }
}

function unpackFailed(error: unknown): SandboxdError {
  if (error instanceof UnpackError)
    return new SandboxdError('unavailable', `The image's prepared files are refused: ${error.message}`, {
      cause: error,
    });
  const code = (error as { code?: unknown } | null)?.code;
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? new SandboxdError('unavailable', "There is no space left for the image's prepared files.", {
        cause: error,
      })
    : new SandboxdError('node_unavailable', "The image's prepared files could not be copied.", {
        cause: error,
      });
}
