import { Hono } from 'hono';
import { parseInput } from '../../domain/input.ts';
import {
  cancelTask,
  listTasks,
  NewTask,
  readTaskDiff,
  readTaskLog,
  revertTask,
  submitTask,
  TaskRevert,
} from '../../domain/task-commands.ts';
import { taskEvents } from '../../domain/task-following.ts';
import { requireTask } from '../../domain/require.ts';
import { limitBody, limitJson, PROMPT_LIMIT, readInput, readJson } from '../body.ts';
import type { AppContext, Env } from '../context.ts';
import { operation } from '../describe.ts';
import { eventPage } from './event-page.ts';
import { eventStream } from './event-stream.ts';
import { idParam, PAGE, page, pageQuery, resumePoint } from './params.ts';
import { presentTask, presentTaskEvent } from './present-task.ts';
import { EventListBody } from './schemas.ts';
import {
  RevertBody,
  TaskAcceptedBody,
  TaskCancelBody,
  TaskListBody,
  TaskResultBody,
} from './task-schemas.ts';

const NODE_ERRORS = ['not_found', 'sandbox_unavailable', 'node_unavailable'] as const;
/** How long an answer waits for a first event: what is wrong from the beginning shows by then. */
const FIRST_EVENT_MS = 1000;

/** What every route of one task begins with. */
function taskOf(c: AppContext) {
  const sandboxId = idParam(c, 'task');
  const id = idParam(c, 'task', 'taskId');
  return { ports: c.get('ports'), owner: c.get('principal').owner, sandboxId, id };
}

const plainText = (c: AppContext, bytes: Uint8Array) =>
  c.body(new Uint8Array(bytes), 200, { 'content-type': 'text/plain; charset=utf-8' });

/** The tasks of a sandbox. */
export const sandboxTasks = new Hono<Env>()
  .post(
    '/:id/tasks',
    limitBody(PROMPT_LIMIT),
    operation({
      id: 'submitTask',
      summary: 'Let a coding agent work in a sandbox; one that sleeps is woken',
      description:
        '`model` is `provider/model`, or a model as the provider calls it. `timeout_s` 0 or absent: 600 seconds. `continue` (the default) goes on with the last session of this agent, where there is one.',
      tag: 'Tasks',
      body: NewTask,
      ok: { 202: TaskAcceptedBody },
      errors: [
        'invalid_request',
        'task_in_progress',
        'conflict',
        'payload_too_large',
        'sandbox_capacity',
        'unavailable',
        ...NODE_ERRORS,
      ],
    }),
    async (c) => {
      const sandboxId = idParam(c, 'sandbox');
      const input = await readInput(c, NewTask);
      const task = await submitTask(c.get('ports'), c.get('principal').owner, sandboxId, input);
      const accepted = {
        id: task.id,
        sandbox_id: task.sandboxId,
        status: 'running' as const,
        agent: task.agent,
        events_url: `/v1/sandboxes/${task.sandboxId}/tasks/${task.id}/events`,
      };
      return c.json(accepted, 202);
    },
  )
  .get(
    '/:id/tasks',
    operation({
      id: 'listTasks',
      summary: 'List the tasks of a sandbox, newest first; also of one that is gone',
      tag: 'Tasks',
      query: PAGE,
      ok: { 200: TaskListBody },
      errors: ['invalid_request', 'not_found'],
    }),
    async (c) => {
      const id = idParam(c, 'sandbox');
      const { rows, next_before } = await page(pageQuery(c), (query) =>
        listTasks(c.get('ports'), c.get('principal').owner, id, query),
      );
      return c.json({ tasks: rows.map(presentTask), next_before });
    },
  )
  .get(
    '/:id/tasks/:taskId',
    operation({
      id: 'getTask',
      summary: 'Get a task and what it came to, also when its sandbox is gone',
      tag: 'Tasks',
      ok: { 200: TaskResultBody },
      errors: ['not_found'],
    }),
    async (c) => {
      const { ports, owner, sandboxId, id } = taskOf(c);
      return c.json(presentTask(await requireTask(ports, owner, id, sandboxId)));
    },
  )
  .get(
    '/:id/tasks/:taskId/events',
    operation({
      id: 'followTask',
      summary: 'Follow a task: server-sent events, until `done`',
      description:
        'Events are `status`, `message`, `tool`, `build`, and as the last one `done`, which carries the TaskResult. Their ids count from 1. Can be replayed after the end; answers 204 to who has seen `done`. What fails on the way is a last event `error`. A comment every 15 seconds keeps the connection.',
      tag: 'Tasks',
      query: { since: 'the id of the last event seen, default 0; the header Last-Event-ID goes before it' },
      ok: { 200: 'Server-sent events', 204: 'Nothing follows' },
      errors: ['invalid_request', 'unavailable', ...NODE_ERRORS],
    }),
    async (c) => {
      const { ports, owner, sandboxId, id } = taskOf(c);
      const since = resumePoint(c);
      return eventStream(c, {
        open: (signal) => taskEvents(ports, owner, sandboxId, id, since, signal),
        toMessage: presentTaskEvent,
        patienceMs: FIRST_EVENT_MS,
      });
    },
  )
  .get(
    '/:id/tasks/:taskId/log',
    operation({
      id: 'readTaskLog',
      summary: "The agent's raw transcript",
      tag: 'Tasks',
      ok: { 200: 'Text' },
      errors: NODE_ERRORS,
    }),
    async (c) => {
      const { ports, owner, sandboxId, id } = taskOf(c);
      return plainText(c, await readTaskLog(ports, owner, sandboxId, id));
    },
  )
  .get(
    '/:id/tasks/:taskId/diff',
    operation({
      id: 'readTaskDiff',
      summary: 'What a task changed, as a unified diff; empty before its end',
      tag: 'Tasks',
      ok: { 200: 'Text' },
      errors: NODE_ERRORS,
    }),
    async (c) => {
      const { ports, owner, sandboxId, id } = taskOf(c);
      return plainText(c, await readTaskDiff(ports, owner, sandboxId, id));
    },
  )
  .post(
    '/:id/tasks/:taskId/cancel',
    operation({
      id: 'cancelTask',
      summary: 'End a task; what it wrote stays',
      tag: 'Tasks',
      ok: { 200: TaskCancelBody },
      errors: ['conflict', ...NODE_ERRORS],
    }),
    async (c) => {
      const { ports, owner, sandboxId, id } = taskOf(c);
      const task = await cancelTask(ports, owner, sandboxId, id);
      return c.json({ id: task.id, status: 'cancelling' as const });
    },
  )
  .post(
    '/:id/tasks/:taskId/revert',
    limitJson,
    operation({
      id: 'revertTask',
      summary: 'Put the app back to what it was before a task; that can be reverted too',
      description:
        'With `checkpoint_id`, it is put back to that checkpoint of the sandbox instead: the one a revert answers undoes that revert.',
      tag: 'Tasks',
      body: TaskRevert,
      ok: { 200: RevertBody },
      errors: [
        'invalid_request',
        'task_in_progress',
        'payload_too_large',
        'sandbox_capacity',
        ...NODE_ERRORS,
      ],
    }),
    async (c) => {
      const { ports, owner, sandboxId, id } = taskOf(c);
      const { checkpoint_id: goal } = parseInput(TaskRevert, await readJson(c));
      const { checkpoint_id, files_changed } = await revertTask(ports, owner, sandboxId, id, goal);
      return c.json({ checkpoint_id, files_changed: [...files_changed] });
    },
  );

/** Tasks by themselves. */
export const tasks = new Hono<Env>().get(
  '/:id/events',
  operation({
    id: 'listTaskEvents',
    summary: 'What the activity log says of a task, newest first',
    tag: 'Tasks',
    query: PAGE,
    ok: { 200: EventListBody },
    errors: ['invalid_request', 'not_found'],
  }),
  async (c) => {
    const task = await requireTask(c.get('ports'), c.get('principal').owner, idParam(c, 'task'));
    return eventPage(c, { taskId: task.id });
  },
);
