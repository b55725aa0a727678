import {
  type BuildStatus,
  type EndedTaskStatus,
  type FailureReason,
  MAX_TASK_EVENT_LENGTH,
  type TaskEnding,
  type TaskOutcome,
} from '../../src/domain/task.ts';
import type { RuntimeStatus } from '../../src/domain/runtimed.ts';
import type { Mask } from '../../src/domain/mask.ts';
import { shortened } from './bounded.ts';

/** Characters. */
const MAX_ERROR_MESSAGE = 4000;
const MAX_FINAL_MESSAGE = 64 * 1024;
/** Of the paths of changed files, as JSON: with everything else an outcome must fit into one event. */
const MAX_FILES_LENGTH = MAX_TASK_EVENT_LENGTH / 2;

export interface TaskFailure {
  readonly reason: FailureReason;
  readonly message: string;
}

/** What an agent's work came to. */
export interface AgentResult {
  /** Absent when it did what it was to do, by its own word. */
  readonly failure?: TaskFailure;
  readonly finalMessage?: string;
  readonly reportedCost?: number;
}

export const maskedResult = (mask: Mask, { failure, finalMessage, ...result }: AgentResult): AgentResult => ({
  ...result,
  ...(failure !== undefined && { failure: { ...failure, message: mask.text(failure.message) } }),
  ...(finalMessage !== undefined && { finalMessage: mask.text(finalMessage) }),
});

export interface BuildResult {
  readonly status: BuildStatus;
  /** Of a failed one. */
  readonly message?: string;
}

export interface ChangedFiles {
  readonly files: readonly string[];
  readonly isTruncated: boolean;
}

/** Everything that a task's outcome is made of. */
export interface TaskFacts {
  readonly agent: AgentResult;
  /** Why it was ended from outside, if it was: that is what counts then. */
  readonly ending?: TaskEnding;
  readonly changed: ChangedFiles;
  readonly build: BuildResult;
  /** The app as it is now. */
  readonly app: Pick<RuntimeStatus, 'preview' | 'processes'>;
  /** Whether a worker kept running, of an app of workers alone; absent where it was not looked at. */
  readonly isWorking?: boolean;
  /** Why it does not serve. */
  readonly previewError?: string;
  readonly checkpoint?: string;
  readonly startedAt: number;
  readonly finishedAt: number;
}

export const NOT_BUILT: BuildResult = { status: 'skipped' };
export const NOTHING_CHANGED: ChangedFiles = { files: [], isTruncated: false };

/** The outcome, honestly: what was not checked is not ok, and what the agent says of itself is only its status. */
export function outcomeOf(facts: TaskFacts): TaskOutcome {
  const { agent, changed, build, app, checkpoint } = facts;
  const previewStatus = app.preview.status;
  const isServing = previewStatus === 'ready';
  const isWorkerOnly = previewStatus === 'none';
  const works = facts.isWorking ?? app.processes.some(({ running }) => running);
  const runs = isWorkerOnly ? works : isServing;
  const { finalMessage, reportedCost } = agent;
  const files = fitting(changed.files);
  return {
    ...verdictOf(facts),
    files_changed: files,
    ...((changed.isTruncated || files.length < changed.files.length) && { files_truncated: true }),
    ...(finalMessage !== undefined && { agent_message_final: shortened(finalMessage, MAX_FINAL_MESSAGE) }),
    build_status: build.status,
    ...(build.message !== undefined && { build_error_message: build.message }),
    preview_status_after: previewStatus,
    ...(!isWorkerOnly && { preview_ok: isServing }),
    ...(!isWorkerOnly &&
      !isServing &&
      facts.previewError !== undefined && { preview_error_message: facts.previewError }),
    app_healthy: build.status !== 'failed' && runs,
    ...(checkpoint !== undefined && { checkpoint_id: checkpoint }),
    started_at: facts.startedAt,
    finished_at: facts.finishedAt,
    ...(reportedCost !== undefined && reportedCost >= 0 && { reported_cost: reportedCost }),
  };
}

/** As many of the first as there is room for. */
function fitting(files: readonly string[]): readonly string[] {
  let length = 0;
  const end = files.findIndex((file) => (length += JSON.stringify(file).length + 1) > MAX_FILES_LENGTH);
  return end < 0 ? files : files.slice(0, end);
}

interface Verdict {
  readonly status: EndedTaskStatus;
  readonly failure_reason?: FailureReason;
  readonly error_message?: string;
}

function verdictOf({ agent, ending }: TaskFacts): Verdict {
  if (ending?.reason === 'cancelled') {
    return { status: 'cancelled', failure_reason: 'cancelled', ...messageOf(ending.message) };
  }
  if (ending !== undefined) {
    const message = ending.message ?? agent.failure?.message ?? 'The provider turned the task away.';
    return { status: 'failed', failure_reason: ending.reason, ...messageOf(message) };
  }
  if (agent.failure === undefined) return { status: 'succeeded' };
  const { reason, message } = agent.failure;
  return { status: 'failed', failure_reason: reason, ...messageOf(message) };
}

const messageOf = (message: string | undefined): Pick<Verdict, 'error_message'> =>
  message === undefined ? {} : { error_message: shortened(message, MAX_ERROR_MESSAGE) };
