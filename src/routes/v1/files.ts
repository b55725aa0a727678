import { Hono } from 'hono';
import * as v from 'valibot';
import { invalid, SandboxdError } from '../../domain/errors.ts';
import { parseDirectoryPath, parseWorkspacePath } from '../../domain/paths.ts';
import { parseInput } from '../../domain/input.ts';
import { MAX_WRITE_BYTES } from '../../domain/runtimed.ts';
import { filesOf } from '../../domain/sandbox-io.ts';
import { limitBody, readJson } from '../body.ts';
import type { AppContext, Env } from '../context.ts';
import { operation } from '../describe.ts';
import { booleanQuery, idParam, rootQuery } from './params.ts';
import { FileListBody } from './schemas.ts';

/** JSON may spend six bytes on one ("\u0001"); source code spends little more than one. */
const MAX_JSON_BYTES = 2 * MAX_WRITE_BYTES;

const FileWrite = v.object({
  path: v.string('must be a string'),
  content: v.string('must be a string'),
  append: v.optional(v.boolean('must be true or false'), false),
});

const QUERY = { root: 'app (default) or home' };
const IO_ERRORS = [
  'invalid_request',
  'not_found',
  'conflict',
  'sandbox_unavailable',
  'node_unavailable',
] as const;

const workspace = (c: AppContext) => filesOf(c.get('ports'), c.get('principal').owner, idParam(c, 'sandbox'));

export const files = new Hono<Env>()
  .get(
    '/:id/files',
    operation({
      id: 'listFiles',
      summary: 'List files; generated directories are left out',
      tag: 'Files',
      query: { ...QUERY, path: 'a directory; the root when absent', recursive: 'true or false' },
      ok: { 200: FileListBody },
      errors: IO_ERRORS,
    }),
    async (c) => {
      const files = await workspace(c);
      const query = {
        path: parseDirectoryPath(c.req.query('path')),
        root: rootQuery(c),
        recursive: booleanQuery(c, 'recursive'),
      };
      return c.json(await files.list(query));
    },
  )
  .get(
    '/:id/files/content',
    operation({
      id: 'readFile',
      summary: 'Read a file of at most 2 MiB: text as text, other bytes as octet-stream',
      tag: 'Files',
      query: { ...QUERY, path: 'the file' },
      ok: { 200: 'The bytes' },
      errors: [...IO_ERRORS, 'payload_too_large'],
    }),
    async (c) => {
      const files = await workspace(c);
      const bytes = await files.read({ path: requiredPath(c), root: rootQuery(c) });
      return c.body(new Uint8Array(bytes), 200, { 'content-type': contentType(bytes) });
    },
  )
  .put(
    '/:id/files',
    limitBody(MAX_JSON_BYTES),
    operation({
      id: 'writeFile',
      summary: 'Write a file of at most 25 MiB, atomically: JSON, or raw bytes with ?path=',
      tag: 'Files',
      body: FileWrite,
      rawBody: 'application/octet-stream',
      query: { ...QUERY, path: 'the file, when the body is its bytes', append: 'true or false' },
      ok: { 204: 'Written' },
      errors: [...IO_ERRORS, 'payload_too_large'],
    }),
    async (c) => {
      const files = await workspace(c);
      const { path, append, bytes } = await readWrite(c);
      c.set('auditTarget', { path });
      if (bytes.byteLength > MAX_WRITE_BYTES) {
        throw new SandboxdError('payload_too_large', 'content: a file may have at most 25 MiB.');
      }
      await files.write({ path, append, root: rootQuery(c) }, bytes);
      return c.body(null, 204);
    },
  )
  .delete(
    '/:id/files',
    operation({
      id: 'deleteFile',
      summary: 'Delete a file, or a directory with everything in it',
      tag: 'Files',
      query: { ...QUERY, path: 'the file or directory' },
      ok: { 204: 'Deleted' },
      errors: IO_ERRORS,
    }),
    async (c) => {
      const files = await workspace(c);
      const path = requiredPath(c);
      c.set('auditTarget', { path });
      await files.delete({ path, root: rootQuery(c) });
      return c.body(null, 204);
    },
  );

function requiredPath(c: AppContext): string {
  const path = c.req.query('path');
  if (path === undefined) throw invalid('path: is required.');
  return parseWorkspacePath(path);
}

async function readWrite(
  c: AppContext,
): Promise<{ path: string; append: boolean; bytes: Uint8Array<ArrayBuffer> }> {
  if (c.req.query('path') !== undefined) {
    const bytes = new Uint8Array(await c.req.arrayBuffer());
    return { path: requiredPath(c), append: booleanQuery(c, 'append'), bytes };
  }
  const write = parseInput(
    FileWrite,
    await readJson(c, ' Send {"path", "content"}, or raw bytes with ?path=.'),
  );
  return {
    path: parseWorkspacePath(write.path),
    append: write.append,
    // A copy of its own: workerd does not promise that an encoder's buffer is not shared.
    bytes: new Uint8Array(new TextEncoder().encode(write.content)),
  };
}

/** Never a type that a browser would run: what tenants wrote is read here, on the console's own origin. */
function contentType(bytes: Uint8Array): string {
  try {
    if (!bytes.includes(0)) new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    else return 'application/octet-stream';
  } catch {
    // Not UTF-8: bytes then.
    return 'application/octet-stream';
  }
  return 'text/plain; charset=utf-8';
}
