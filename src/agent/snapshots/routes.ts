import { Hono } from 'hono';
import type { CaptureOrder } from '../../domain/capture.ts';
import type { NodeClient } from '../../domain/node.ts';

/** One answer waits no longer for a capture: a connection that is quiet for long is taken for dead. */
const WAIT_MS = 55_000;

/** The `NodeSnapshots` port, one route a method. */
export const snapshotRoutes = (node: Pick<NodeClient, 'snapshots'>) =>
  new Hono()
    .post('/', async (c) => {
      await node.snapshots.capture(await c.req.json<CaptureOrder>());
      return c.body(null, 204);
    })
    .get('/:id/settled', async (c) => {
      const late = AbortSignal.timeout(WAIT_MS);
      await node.snapshots.settled(c.req.param('id'), AbortSignal.any([c.req.raw.signal, late]));
      return c.json({ isSettled: !late.aborted });
    })
    .post('/progress', async (c) => c.json(await node.snapshots.progress(await c.req.json<string[]>())))
    .post('/discard', async (c) => {
      await node.snapshots.discard(await c.req.json<string[]>());
      return c.body(null, 204);
    });
