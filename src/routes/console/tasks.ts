import { Hono } from 'hono';
import type { App } from '../../domain/app.ts';
import { notFound, SandboxdError } from '../../domain/errors.ts';
import { parseInput } from '../../domain/input.ts';
import { requireApp, requireTask } from '../../domain/require.ts';
import { createAppSandbox } from '../../domain/sandbox-commands.ts';
import { cancelTask, readTaskLog, revertTask, submitTask, TaskRevert } from '../../domain/task-commands.ts';
import type { Task } from '../../domain/task.ts';
import type { AppContext, Env } from '../context.ts';
import { eventStream } from '../v1/event-stream.ts';
import { idParam, page as pageOf, pageQuery } from '../v1/params.ts';
import { appOf } from './app-of.ts';
import { appPage } from './app-page.ts';
import { problemAt } from './error-page.ts';
import { readForm } from './form.ts';
import { isPartial, page } from './page.ts';
import { readPrompt } from './prompt-box.ts';
import { moment } from './relative-time.ts';
import { revertQuery } from './revert-note.ts';
import { logMessages } from './task-events.ts';
import { taskPage } from './task-page.ts';
import { taskHref, taskRow, tasksOfApp } from './task-panel.ts';

const PAGE_SIZE = 20;

/** What agents do in an app: asking for it, watching it, undoing it. */
export const taskPages = new Hono<Env>()
  .post('/:id/tasks', async (c) => {
    const app = await appOf(c);
    const form = await readForm(c);
    try {
      await submit(c, app, form);
    } catch (error) {
      if (!(error instanceof SandboxdError)) throw error;
      return refuse(c, app, form, error);
    }
    return c.redirect(`/apps/${app.id}`, 303);
  })
  .get('/:id/tasks', async (c) => {
    const { id, name } = await appOf(c);
    const ports = c.get('ports');
    const { before } = pageQuery(c);
    const { rows, next_before } = await pageOf({ limit: PAGE_SIZE, before }, (query) =>
      tasksOfApp(ports, c.get('principal').owner, id, query),
    );
    return page(c, 'tasks', {
      id,
      name,
      tasks: rows.map((task) => taskRow(task, id, ports.clock())),
      isFirstPage: before === undefined,
      olderHref: next_before && `/apps/${id}/tasks?before=${next_before}`,
    });
  })
  .get('/:id/tasks/:taskId', async (c) => {
    const { app, task } = await taskOf(c);
    const asked = { isPartial: isPartial(c), query: (name: string) => c.req.query(name) };
    return page(c, 'task', await taskPage(c.get('ports'), c.get('principal').owner, app, task, asked));
  })
  .get('/:id/tasks/:taskId/events', async (c) => {
    const { task } = await taskOf(c);
    const since = Number(c.req.header('last-event-id') ?? c.req.query('since') ?? 0);
    const from = Number.isSafeInteger(since) ? since : 0;
    return eventStream(c, {
      open: (signal) => logMessages(c.get('ports'), task, from, signal),
      toMessage: (message) => message,
      // The page is told of a failure as of everything else.
      patienceMs: 0,
    });
  })
  .get('/:id/tasks/:taskId/log', async (c) => {
    const { task } = await taskOf(c);
    const { owner } = c.get('principal');
    const log = await readTaskLog(c.get('ports'), owner, task.sandboxId, task.id);
    c.header('cache-control', 'no-store');
    return c.body(new Uint8Array(log), 200, { 'content-type': 'text/plain; charset=utf-8' });
  })
  .post('/:id/tasks/:taskId/cancel', async (c) => {
    const { app, task } = await taskOf(c);
    await cancelTask(c.get('ports'), c.get('principal').owner, task.sandboxId, task.id);
    const form = await readForm(c);
    return c.redirect(form.get('from') === 'task' ? taskHref(app.id, task.id) : `/apps/${app.id}`, 303);
  })
  .get('/:id/tasks/:taskId/revert', async (c) => {
    const { app, task } = await taskOf(c);
    const at = moment(task.createdAt, c.get('ports').clock());
    const { id, name } = app;
    return page(c, 'task-revert', {
      id,
      name,
      task: { id: task.id, appId: id, href: taskHref(id, task.id), at },
    });
  })
  .post('/:id/tasks/:taskId/revert', async (c) => {
    const { app, task } = await taskOf(c);
    const { owner } = c.get('principal');
    const form = await readForm(c);
    const { checkpoint_id: goal } = parseInput(TaskRevert, Object.fromEntries(form));
    const reverted = await revertTask(c.get('ports'), owner, task.sandboxId, task.id, goal);
    return c.redirect(`${taskHref(app.id, task.id)}?${revertQuery(reverted, goal !== undefined)}`, 303);
  });

/** A task of this app. @throws not_found also for one of another app */
async function taskOf(c: AppContext): Promise<{ app: App; task: Task }> {
  const app = await appOf(c);
  const task = await requireTask(c.get('ports'), c.get('principal').owner, idParam(c, 'task', 'taskId'));
  if (task.appId !== app.id) throw notFound('task');
  return { app, task };
}

async function submit(c: AppContext, app: App, form: URLSearchParams): Promise<void> {
  const ports = c.get('ports');
  const { owner } = c.get('principal');
  const input = await readPrompt(ports, owner, form);
  const sandboxId = app.currentSandboxId ?? (await createAppSandbox(ports, owner, app.id, {})).id;
  await submitTask(ports, owner, sandboxId, input);
}

/** Says beside the form what was wrong, and keeps what was written there. */
async function refuse(c: AppContext, app: App, form: URLSearchParams, error: SandboxdError) {
  const ports = c.get('ports');
  if (error.status >= 500) ports.log.warn('a task was not begun', { appId: app.id, code: error.code });
  // The order may have arrived although its answer did not.
  const more = error.code === 'node_unavailable' ? ' If the task has begun all the same, it shows here.' : '';
  const problem = error.message + more;
  if (isPartial(c)) return problemAt(c, '#prompt-problem', problem, error.status);
  // It may have got a sandbox meanwhile.
  const current = await requireApp(ports, app.owner, app.id);
  const refused = { form, problem };
  return page(c, 'app', await appPage(ports, app.owner, current, { refused }), error.status);
}
