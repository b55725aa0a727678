import { Hono } from 'hono';
import type { NodeClient } from '../domain/node.ts';
import type { FileRoot } from '../domain/paths.ts';

/** The `SandboxFiles` port, one route a method. */
export const fileRoutes = (node: Pick<NodeClient, 'files'>) =>
  new Hono()
    .get('/:id/files', async (c) => {
      const { path, root, recursive } = c.req.query();
      const files = node.files(c.req.param('id'));
      return c.json(await files.list({ ...fileQuery(path, root), recursive: recursive === 'true' }));
    })
    .get('/:id/files/content', async (c) => {
      const { path, root } = c.req.query();
      const bytes = await node.files(c.req.param('id')).read(fileQuery(path, root));
      return c.body(new Uint8Array(bytes), 200, { 'content-type': 'application/octet-stream' });
    })
    .put('/:id/files', async (c) => {
      const { path, root, append } = c.req.query();
      const body = new Uint8Array(await c.req.arrayBuffer());
      await node
        .files(c.req.param('id'))
        .write({ ...fileQuery(path, root), append: append === 'true' }, body);
      return c.body(null, 204);
    })
    .delete('/:id/files', async (c) => {
      const { path, root } = c.req.query();
      await node.files(c.req.param('id')).delete(fileQuery(path, root));
      return c.body(null, 204);
    });

const fileQuery = (path = '', root = 'app') => ({ path, root: root as FileRoot });
