import { Hono } from 'hono';
import type { Logger } from '../../domain/log.ts';
import type { NodeClient } from '../../domain/node.ts';
import type { RevertOrder, TaskOrder } from '../../domain/task.ts';
import { ndjson } from '../ndjson.ts';

/** The `NodeTasks` port, one route a method. */
export const taskRoutes = (node: Pick<NodeClient, 'tasks'>, log: Logger) =>
  new Hono()
    .post('/:id/tasks', async (c) => {
      await node.tasks(c.req.param('id')).submit(await c.req.json<TaskOrder>());
      return c.body(null, 204);
    })
    .get('/:id/tasks/:task/events', async (c) => {
      const { id, task } = c.req.param();
      return ndjson(c, log, (signal) => node.tasks(id).events(task, Number(c.req.query('since')), signal));
    })
    .get('/:id/tasks/:task/log', async (c) => {
      const { id, task } = c.req.param();
      return c.body(new Uint8Array(await node.tasks(id).log(task)));
    })
    .get('/:id/tasks/:task/diff', async (c) => {
      const { id, task } = c.req.param();
      return c.body(new Uint8Array(await node.tasks(id).diff(task)));
    })
    .post('/:id/tasks/:task/cancel', async (c) => {
      const { id, task } = c.req.param();
      await node.tasks(id).cancel(task);
      return c.body(null, 204);
    })
    .post('/:id/tasks/:task/revert', async (c) => {
      const { id, task } = c.req.param();
      const { checkpoint_id } = await c.req.json<RevertOrder>();
      return c.json(await node.tasks(id).revert(task, checkpoint_id));
    });
