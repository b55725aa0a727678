import * as v from 'valibot';
import { AGENT_IDS } from '../../domain/coding-agent.ts';
import { PROVIDER_IDS } from '../../domain/provider.ts';
import { PREVIEW_STATUSES } from '../../domain/runtimed.ts';
import { BUILD_STATUSES, FAILURE_REASONS, TASK_STATUSES } from '../../domain/task.ts';
import { Id, named, Time } from './schemas.ts';

const Dollars = v.pipe(v.number(), v.description('US dollars'));

/** The wire form of tasks, agents and those who serve their models. */
export const TaskResultBody = named(
  'TaskResult',
  v.object({
    id: Id,
    sandbox_id: Id,
    app_id: v.optional(Id),
    status: v.picklist(TASK_STATUSES),
    prompt: v.string(),
    agent: v.picklist(AGENT_IDS),
    provider: v.picklist(PROVIDER_IDS),
    model: v.optional(v.pipe(v.string(), v.description("absent where it was the agent's own choice"))),
    timeout_s: v.number(),
    failure_reason: v.optional(v.picklist(FAILURE_REASONS)),
    error_message: v.optional(v.string()),
    files_changed: v.pipe(
      v.array(v.string()),
      v.description('added, changed and removed, below the app directory'),
    ),
    files_truncated: v.optional(v.pipe(v.boolean(), v.description('more were changed than are listed'))),
    agent_message_final: v.optional(v.string()),
    build_status: v.picklist(BUILD_STATUSES),
    build_ok: v.pipe(v.boolean(), v.description('true only for a build that passed')),
    build_error_message: v.optional(v.string()),
    preview_status_after: v.picklist(PREVIEW_STATUSES),
    preview_ok: v.optional(v.pipe(v.boolean(), v.description('absent for an app without a web process'))),
    app_healthy: v.pipe(
      v.boolean(),
      v.description(
        'the build did not fail, and the preview serves, or at least one worker runs where there is no web',
      ),
    ),
    preview_error_message: v.optional(v.string()),
    checkpoint_id: v.optional(
      v.pipe(v.string(), v.description('the commit that holds the app as it was before')),
    ),
    duration_ms: v.number(),
    tokens: v.object({
      input: v.number(),
      output: v.number(),
      reasoning: v.number(),
      cache_read: v.number(),
      cache_write: v.number(),
      total: v.number(),
      cost: Dollars,
    }),
    created_at: Time,
    started_at: Time,
    finished_at: v.optional(v.pipe(Time, v.description('RFC 3339 UTC; absent while it runs'))),
  }),
);

export const TaskListBody = v.object({ tasks: v.array(TaskResultBody), next_before: v.optional(Id) });

export const TaskAcceptedBody = v.object({
  id: Id,
  sandbox_id: Id,
  status: v.literal('running'),
  agent: v.picklist(AGENT_IDS),
  events_url: v.pipe(v.string(), v.description('path of the events of this task')),
});

export const TaskCancelBody = v.object({ id: Id, status: v.literal('cancelling') });

export const RevertBody = v.object({
  checkpoint_id: v.pipe(
    v.string(),
    v.description('the commit that holds the app as it was before the revert; reverting to it undoes that'),
  ),
  files_changed: v.array(v.string()),
});

export const AgentListBody = v.object({
  agents: v.array(
    v.object({
      id: v.picklist(AGENT_IDS),
      label: v.string(),
      default: v.pipe(v.boolean(), v.description('works on tasks that name no agent')),
      installed: v.optional(
        v.pipe(v.boolean(), v.description('sandboxes carry it; absent while no node can be asked')),
      ),
      providers: v.pipe(v.array(v.picklist(PROVIDER_IDS)), v.description('the preferred one first')),
    }),
  ),
  providers: v.array(
    v.object({
      id: v.picklist(PROVIDER_IDS),
      label: v.string(),
      connected: v.pipe(v.boolean(), v.description('tasks can use it')),
      key_set_at: v.optional(v.pipe(Time, v.description('RFC 3339 UTC; absent without a key of your own'))),
    }),
  ),
});
