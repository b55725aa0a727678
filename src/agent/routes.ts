import { Hono, type MiddlewareHandler } from 'hono';
import type { ChannelVerifier } from '../domain/channel.ts';
import { asSandboxdError } from '../domain/errors.ts';
import type { Logger } from '../domain/log.ts';
import type { NodeClient, NodePolicy, SandboxOrder } from '../domain/node.ts';
import type { ExecRequest, RestartScope } from '../domain/runtimed.ts';
import type { SandboxConfig } from '../domain/sandbox-config.ts';
import { fileRoutes } from './file-routes.ts';
import { ndjson } from './ndjson.ts';
import { snapshotRoutes } from './snapshots/routes.ts';
import { taskRoutes } from './tasks/routes.ts';

/**
 * The node agent over HTTP: the `NodeClient` port, one route a method, every request signed by the API. Bodies come
 * from a peer that has proven itself, so their shape is taken as the port has it.
 */
export function createAgentApp(node: NodeClient, verifier: ChannelVerifier, log: Logger) {
  return new Hono()
    .onError((thrown, c) => {
      const error = asSandboxdError(thrown);
      if (error.code === 'internal') log.error('a channel request failed', thrown, { path: c.req.path });
      return c.json(error.toEnvelope(), error.status);
    })
    .use(signedFor(verifier))
    .get('/internal/v1/ping', async (c) => {
      await node.ping();
      return c.body(null, 204);
    })
    .get('/internal/v1/agents', async (c) => c.json(await node.agents()))
    .post('/internal/v1/orders', async (c) => {
      const { order, config } = await c.req.json<{ order: SandboxOrder; config?: SandboxConfig }>();
      return c.json(await node.apply(order, config));
    })
    .put('/internal/v1/policy', async (c) => {
      await node.setPolicy(await c.req.json<NodePolicy>());
      return c.body(null, 204);
    })
    .post('/internal/v1/observe', async (c) => c.json(await node.observe(await c.req.json<string[]>())))
    .put('/internal/v1/sandboxes/:id/config', async (c) => {
      await node.configure(c.req.param('id'), await c.req.json<SandboxConfig>());
      return c.body(null, 204);
    })
    .post('/internal/v1/sandboxes/:id/restart', async (c) => {
      await node.restartProcesses(c.req.param('id'), c.req.query('scope') as RestartScope);
      return c.body(null, 204);
    })
    .get('/internal/v1/sandboxes/:id/export', async (c) =>
      c.body(await node.export(c.req.param('id'), c.req.raw.signal), 200, {
        'content-type': 'application/octet-stream',
      }),
    )
    .post('/internal/v1/sandboxes/:id/exec', async (c) => {
      const request = await c.req.json<ExecRequest>();
      return ndjson(c, log, (signal) => node.exec(c.req.param('id'), request, signal));
    })
    .get('/internal/v1/sandboxes/:id/logs/:process', async (c) => {
      const { id, process } = c.req.param();
      return c.json(await node.tailLog(id, process, Number(c.req.query('lines'))));
    })
    .get('/internal/v1/sandboxes/:id/logs/:process/follow', async (c) => {
      const { id, process } = c.req.param();
      return ndjson(c, log, (signal) => node.followLog(id, process, Number(c.req.query('lines')), signal));
    })
    .route('/internal/v1/sandboxes', fileRoutes(node))
    .route('/internal/v1/sandboxes', taskRoutes(node, log))
    .route('/internal/v1/snapshots', snapshotRoutes(node));
}

const signedFor =
  (verifier: ChannelVerifier): MiddlewareHandler =>
  async (c, next) => {
    const body = async () => new Uint8Array(await c.req.arrayBuffer());
    const { pathname, search } = new URL(c.req.url);
    const token = /^Bearer (\S+)$/.exec(c.req.header('authorization') ?? '')?.[1];
    await verifier.verify({ method: c.req.method, path: pathname + search, body }, token);
    await next();
  };
