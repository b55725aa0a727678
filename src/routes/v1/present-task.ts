import type * as v from 'valibot';
import { timestamp } from '../../domain/ids.ts';
import { optionalTimestamp } from '../../domain/record.ts';
import { NO_USAGE, type Task, type TaskOutcome, type TaskUsage } from '../../domain/task.ts';
import type { FollowedEvent } from '../../domain/task-following.ts';
import type { TaskResultBody } from './task-schemas.ts';

type TaskResult = v.InferOutput<typeof TaskResultBody>;

/** Of a task that runs nothing is claimed yet. */
const noResult = () => ({
  files_changed: [],
  build_status: 'skipped' as const,
  build_ok: false,
  preview_status_after: 'none' as const,
  app_healthy: false,
  duration_ms: 0,
});

/** A task in its wire form. */
export function presentTask(task: Task): TaskResult {
  const { outcome, usage = NO_USAGE } = task;
  return {
    id: task.id,
    sandbox_id: task.sandboxId,
    app_id: task.appId,
    status: task.status,
    prompt: task.prompt,
    agent: task.agent,
    provider: task.provider,
    model: task.model,
    timeout_s: task.timeoutSeconds,
    ...(outcome === undefined ? noResult() : presentOutcome(outcome)),
    tokens: presentTokens(usage, outcome),
    created_at: timestamp(task.createdAt),
    started_at: timestamp(outcome?.started_at ?? task.createdAt),
    finished_at: optionalTimestamp(outcome?.finished_at),
  };
}

const presentOutcome = (outcome: TaskOutcome) => ({
  failure_reason: outcome.failure_reason,
  error_message: outcome.error_message,
  files_changed: [...outcome.files_changed],
  files_truncated: outcome.files_truncated,
  agent_message_final: outcome.agent_message_final,
  build_status: outcome.build_status,
  build_ok: outcome.build_status === 'passed',
  build_error_message: outcome.build_error_message,
  preview_status_after: outcome.preview_status_after,
  preview_ok: outcome.preview_ok,
  app_healthy: outcome.app_healthy,
  preview_error_message: outcome.preview_error_message,
  checkpoint_id: outcome.checkpoint_id,
  duration_ms: Math.max(outcome.finished_at - outcome.started_at, 0),
});

/** Where the provider's prices are unknown, what the agent reckons is the best there is. */
const presentTokens = (usage: TaskUsage, outcome: TaskOutcome | undefined): TaskResult['tokens'] => ({
  input: usage.input,
  output: usage.output,
  reasoning: usage.reasoning,
  cache_read: usage.cache_read,
  cache_write: usage.cache_write,
  total: usage.total,
  cost: dollars(usage.cost > 0 ? usage.cost : (outcome?.reported_cost ?? 0)),
});

/** An event of a task as a server-sent event. */
export const presentTaskEvent = (event: FollowedEvent) => ({
  id: String(event.seq),
  event: event.type,
  data: JSON.stringify({
    ...(event.type === 'done' ? presentTask(event.data) : event.data),
    at: timestamp(event.at),
  }),
});

/** Millionths are as fine as prices go; what lies behind them is the noise of adding. */
const dollars = (amount: number): number => Math.round(amount * 1e6) / 1e6;
