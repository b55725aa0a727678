import { parseDirectoryPath, parseWorkspacePath } from '../../src/domain/paths.ts';
import { MAX_WRITE_BYTES } from '../../src/domain/runtimed.ts';
import type { Workspace } from '../files/workspace.ts';
import { bodyOf, type Call, checkLength, isSet, type Route, rootOf, sendJson, sendNothing } from './call.ts';

const fileOf = (call: Call) => ({
  path: parseWorkspacePath(call.query.get('path') ?? ''),
  root: rootOf(call),
});

/** List, read, write and delete, as the sandbox's user. */
export const fileRoutes = (workspace: Workspace): Route[] => [
  {
    method: 'GET',
    pattern: /^\/v1\/files$/,
    handle: async (call) => {
      const path = parseDirectoryPath(call.query.get('path') ?? undefined);
      const recursive = isSet(call, 'recursive');
      sendJson(call, await workspace.list({ path, root: rootOf(call), recursive }));
    },
  },
  {
    method: 'GET',
    pattern: /^\/v1\/files\/content$/,
    handle: async (call) => {
      const bytes = await workspace.read(fileOf(call));
      const headers = { 'content-type': 'application/octet-stream', 'content-length': bytes.length };
      call.response.writeHead(200, headers).end(bytes);
    },
  },
  {
    method: 'PUT',
    pattern: /^\/v1\/files$/,
    handle: async (call) => {
      checkLength(call, MAX_WRITE_BYTES);
      await workspace.write({ ...fileOf(call), append: isSet(call, 'append') }, bodyOf(call));
      sendNothing(call);
    },
  },
  {
    method: 'DELETE',
    pattern: /^\/v1\/files$/,
    handle: async (call) => {
      await workspace.delete(fileOf(call));
      sendNothing(call);
    },
  },
];
