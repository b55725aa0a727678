import type { AgentId } from './coding-agent.ts';
import type { ProviderId, Upstream } from './provider.ts';
import type { PreviewStatus } from './runtimed.ts';

export const TASK_STATUSES = ['running', 'succeeded', 'failed', 'cancelled'] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];
export type EndedTaskStatus = Exclude<TaskStatus, 'running'>;

export const FAILURE_REASONS = [
  'agent_timeout',
  'agent_error',
  'provider_error',
  'sandbox_unavailable',
  'internal',
  'cancelled',
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

export const BUILD_STATUSES = ['passed', 'failed', 'skipped'] as const;
export type BuildStatus = (typeof BUILD_STATUSES)[number];

/** Seconds an agent may work. */
export const DEFAULT_TASK_SECONDS = 600;
export const MAX_TASK_SECONDS = 86_400;
/** Characters. */
export const MAX_PROMPT_LENGTH = 200_000;

/** What runtimed is told to do. Nothing in it is secret. */
export interface TaskAssignment {
  readonly id: string;
  readonly prompt: string;
  readonly agent: AgentId;
  readonly provider: ProviderId;
  /** As the provider calls it; the agent's own choice when absent. */
  readonly model?: string;
  /** Whole seconds the agent may work, 1 to MAX_TASK_SECONDS. */
  readonly timeout_s: number;
  /** Whether the sandbox's last session of this agent is resumed, if there is one. */
  readonly continue: boolean;
}

/** How runtimed hears of a task. The environment is for its agent alone, and is never written down. */
export interface TaskSubmission {
  readonly assignment: TaskAssignment;
  readonly env: Readonly<Record<string, string>>;
}

/** What a node is told: the assignment, and how the agent's provider is reached. */
export interface TaskOrder extends TaskAssignment {
  readonly upstream: Upstream;
}

/** The steps of a task, in order. A cancelled one goes from `agent` to `result`. */
export const TASK_PHASES = ['checkpoint', 'agent', 'build', 'restart', 'health', 'result'] as const;
export type TaskPhase = (typeof TASK_PHASES)[number];

export const TOOL_KINDS = ['read', 'edit', 'execute', 'search', 'fetch', 'other'] as const;
export type ToolKind = (typeof TOOL_KINDS)[number];

/** What an agent does to the world, told again whenever it has come further. */
export interface ToolProgress {
  /** One and the same for all events of one use of a tool. */
  readonly id: string;
  /** As the agent calls it. */
  readonly name: string;
  readonly kind: ToolKind;
  /** For people: "Edit src/App.tsx", or the command. */
  readonly title: string;
  readonly status: 'running' | 'completed' | 'failed';
  /** The file it is about, relative to the app directory where it is in it. */
  readonly path?: string;
  /** What came of it, cut to MAX_TOOL_OUTPUT characters. */
  readonly output?: string;
}

export const MAX_TOOL_OUTPUT = 4000;

/** What happens in a task. `done` is the last event of every task, and there is one. */
export type TaskHappening =
  | { readonly type: 'status'; readonly data: { readonly phase: TaskPhase; readonly message: string } }
  /** A piece of what the agent says: pieces with one id, in order, are one message. */
  | { readonly type: 'message'; readonly data: { readonly id: string; readonly text: string } }
  | { readonly type: 'tool'; readonly data: ToolProgress }
  | { readonly type: 'build'; readonly data: { readonly status: BuildStatus; readonly message?: string } }
  | { readonly type: 'done'; readonly data: TaskOutcome };

/** An event of a task's log: numbered from 1 without gaps, each written down before anybody is told. */
export type TaskEvent = TaskHappening & {
  readonly seq: number;
  /** Milliseconds since the epoch, by the sandbox's clock. */
  readonly at: number;
};

/** How a task ended, as far as its sandbox can tell. Times are milliseconds since the epoch. */
export interface TaskOutcome {
  readonly status: EndedTaskStatus;
  /** Absent for one that succeeded. */
  readonly failure_reason?: FailureReason;
  readonly error_message?: string;
  /** Paths below the app directory that were added, changed or removed; generated directories do not count. */
  readonly files_changed: readonly string[];
  /** More were changed than are listed. */
  readonly files_truncated?: boolean;
  readonly agent_message_final?: string;
  readonly build_status: BuildStatus;
  readonly build_error_message?: string;
  readonly preview_status_after: PreviewStatus;
  /** Absent for an app without a web process. */
  readonly preview_ok?: boolean;
  readonly preview_error_message?: string;
  readonly app_healthy: boolean;
  /** The commit that holds the app as it was before. */
  readonly checkpoint_id?: string;
  readonly started_at: number;
  readonly finished_at: number;
  /** US dollars by the agent's own reckoning. */
  readonly reported_cost?: number;
}

/** What a task took from its provider: tokens, and US dollars. Counted by the node from what passed through it. */
export interface TaskUsage {
  readonly input: number;
  readonly output: number;
  readonly reasoning: number;
  readonly cache_read: number;
  readonly cache_write: number;
  readonly total: number;
  readonly cost: number;
}

export const NO_USAGE: TaskUsage = {
  input: 0,
  output: 0,
  reasoning: 0,
  cache_read: 0,
  cache_write: 0,
  total: 0,
  cost: 0,
};

/** Why a task is ended from outside: by its owner, or because its provider turned it away for good. */
export interface TaskEnding {
  readonly reason: 'cancelled' | 'provider_error';
  /** For people; the provider's own words. */
  readonly message?: string;
}

/** A commit that holds the app as it was at a time. */
export const CHECKPOINT_ID = /^[0-9a-f]{40,64}$/;

/** What a revert is told, on its way to the sandbox. */
export interface RevertOrder {
  readonly checkpoint_id?: string;
}

/** What a revert did. */
export interface Reverted {
  /** The commit that holds the app as it was before the revert. */
  readonly checkpoint_id: string;
  readonly files_changed: readonly string[];
}

/** The API's row of a task. Times are milliseconds since the epoch. */
export interface Task {
  readonly id: string;
  readonly owner: string;
  readonly appId?: string;
  readonly sandboxId: string;
  readonly nodeId: string;
  readonly status: TaskStatus;
  readonly prompt: string;
  readonly agent: AgentId;
  readonly provider: ProviderId;
  readonly model?: string;
  readonly timeoutSeconds: number;
  readonly createdAt: number;
  /** Present once it ended. */
  readonly outcome?: TaskOutcome;
  readonly usage?: TaskUsage;
}

/** One sandbox's tasks, seen from outside: by the API through its node, and by the node through the control socket. */
export interface TaskReads {
  /**
   * The events after `since`, then every new one; ends after `done`, or without an error when the signal aborts.
   * @throws not_found for a task nobody knows here
   */
  events(taskId: string, since: number, signal: AbortSignal): AsyncIterable<TaskEvent>;
  /** The agent's raw output, at most MAX_TASK_LOG_BYTES. @throws not_found */
  log(taskId: string): Promise<Uint8Array>;
  /** What the task changed, as a unified diff of at most MAX_TASK_DIFF_BYTES; empty before its end. @throws not_found */
  diff(taskId: string): Promise<Uint8Array>;
}

/** What can be done with one sandbox's tasks from inside its node. */
export interface RuntimeTasks extends TaskReads {
  /** Returns once it is begun; repeating it is harmless. @throws task_in_progress */
  submit(submission: TaskSubmission): Promise<void>;
  /** Returns once it is on its way to its end, which its events tell. @throws not_found */
  end(taskId: string, ending: TaskEnding): Promise<void>;
  /**
   * Puts the app back to what it was before the task, and restarts what a task's end restarts.
   * @param checkpointId goes back to this checkpoint of the sandbox instead, whichever task or revert it is of
   * @throws task_in_progress, not_found for a task without a checkpoint and for a checkpoint that is not kept
   */
  revert(taskId: string, checkpointId?: string): Promise<Reverted>;
}

/** The same from the API. Reads work while the sandbox is stopped; `submit` and `revert` wake it. */
export interface NodeTasks extends TaskReads {
  /**
   * Returns once the sandbox is awake and the task is begun; repeating it is harmless.
   * @throws task_in_progress, sandbox_capacity, sandbox_unavailable, invalid_request for an agent the image does not
   * carry; nothing is left of the task then
   */
  submit(order: TaskOrder): Promise<void>;
  /** Cancels: returns once it is on its way to its end. @throws not_found for a task that has ended */
  cancel(taskId: string): Promise<void>;
  revert(taskId: string, checkpointId?: string): Promise<Reverted>;
}

export const MAX_TASK_LOG_BYTES = 16 * 1024 * 1024;
export const MAX_TASK_DIFF_BYTES = 2 * 1024 * 1024;
/** Of all events of one task; beyond it only what every task needs to end is written down. */
export const MAX_TASK_EVENT_BYTES = 16 * 1024 * 1024;
/** Of one event. */
export const MAX_TASK_EVENT_LENGTH = 1024 * 1024;

/** Where runtimed keeps tasks, below the home: one directory each, named by its id. */
export const TASKS_DIRECTORY = '.runtimed/tasks';
/** What is in such a directory, with the bytes each may have. */
export const TASK_FILES = {
  'order.json': 1024 * 1024,
  'events.jsonl': MAX_TASK_EVENT_BYTES + MAX_TASK_EVENT_LENGTH,
  'result.json': MAX_TASK_EVENT_LENGTH,
  'agent.log': MAX_TASK_LOG_BYTES,
  'changes.diff': MAX_TASK_DIFF_BYTES,
} as const;
export type TaskFile = keyof typeof TASK_FILES;
