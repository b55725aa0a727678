import { findAgent } from '../../domain/coding-agent.ts';
import type { Ports } from '../../domain/ports.ts';
import type { Sandbox } from '../../domain/sandbox.ts';
import type { Task } from '../../domain/task.ts';
import type { TaskLogView, TaskPanel, TaskRow } from '../../views/task-models.ts';
import { duration } from './duration.ts';
import { moment } from './relative-time.ts';
import { outcomeChip, verdictOf } from './task-verdict.ts';

/** Of a prompt, where it stands for its task. In characters. */
const MAX_TITLE = 140;

export const taskHref = (appId: string, taskId: string): string => `/apps/${appId}/tasks/${taskId}`;

/** @param log what is known of its log; one that is told by its events alone when absent */
export function taskPanel(
  task: Task,
  appId: string,
  sandbox: Sandbox | undefined,
  now: number,
  log: Partial<TaskLogView> = {},
): TaskPanel {
  const href = taskHref(appId, task.id);
  const isRunning = task.status === 'running';
  const canRevert = sandbox?.id === task.sandboxId && sandbox.activeTaskId === undefined;
  return {
    id: task.id,
    appId,
    href,
    prompt: task.prompt,
    agent: agentLabel(task),
    model: task.model,
    chip: outcomeChip(task),
    at: moment(task.createdAt, now),
    duration: durationOf(task, now),
    isRunning,
    log: {
      id: `log-${task.id}`,
      eventsHref: `${href}/events`,
      seq: 0,
      entries: [],
      omitted: 0,
      isOpen: isRunning,
      isComplete: false,
      isGone: false,
      ...log,
    },
    verdict: verdictOf(task, canRevert),
  };
}

export const taskRow = (task: Task, appId: string, now: number): TaskRow => ({
  id: task.id,
  href: taskHref(appId, task.id),
  title: titleOf(task.prompt),
  agent: agentLabel(task),
  chip: outcomeChip(task),
  at: moment(task.createdAt, now),
  duration: durationOf(task, now),
});

/** The first line that says something. */
function titleOf(prompt: string): string {
  const line = prompt.trim().split('\n', 1)[0]?.trim() ?? '';
  return line.length > MAX_TITLE ? `${line.slice(0, MAX_TITLE)}…` : line;
}

const agentLabel = ({ agent }: Task): string => findAgent(agent)?.label ?? agent;

/** By the sandbox's clock once it has ended, by ours until then. */
const durationOf = ({ outcome, createdAt }: Task, now: number): string =>
  duration(outcome === undefined ? now - createdAt : outcome.finished_at - outcome.started_at);

/** The tasks of an app, newest first. */
export const tasksOfApp = (
  ports: Ports,
  owner: string,
  appId: string,
  query: { readonly limit: number; readonly before?: string },
): Promise<Task[]> => ports.store.tasks.list(owner, { ...query, appId });
