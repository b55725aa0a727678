import type { PreviewStatus } from '../../domain/runtimed.ts';
import type { FailureReason, Task, TaskOutcome, TaskUsage } from '../../domain/task.ts';
import type { Chip } from '../../views/models.ts';
import type { TaskProblem, TaskVerdict } from '../../views/task-models.ts';
import { plainText } from './log-text.ts';
import { markdownBlocks } from './markdown.ts';
import { BUILD_CHIPS } from './task-log.ts';

/** What is shown of the final message, in characters, and of the changed files. */
const MAX_MESSAGE = 20_000;
const MAX_FILES = 200;

const REASONS: Readonly<Record<FailureReason, string>> = {
  agent_timeout: 'out of time',
  agent_error: 'the agent gave up',
  provider_error: 'the provider refused',
  sandbox_unavailable: 'the sandbox was lost',
  internal: 'something broke on our side',
  cancelled: 'cancelled',
};

const PREVIEW_CHIPS: Readonly<Record<PreviewStatus, Chip>> = {
  none: { label: 'No preview', tone: 'idle' },
  starting: { label: 'Preview still starting', tone: 'warn' },
  ready: { label: 'Preview serves', tone: 'ok' },
  down: { label: 'Preview down', tone: 'bad' },
  error: { label: 'Preview does not build', tone: 'bad' },
};

/** How a task stands, in one chip. */
export function outcomeChip({ status, outcome }: Task): Chip {
  if (status === 'running') return { label: 'Running', tone: 'busy' };
  if (status === 'succeeded') return { label: 'Succeeded', tone: 'ok' };
  if (status === 'cancelled') return { label: 'Cancelled', tone: 'idle' };
  const reason = outcome?.failure_reason;
  return { label: reason === undefined ? 'Failed' : `Failed: ${REASONS[reason]}`, tone: 'bad' };
}

/** What is said of a task that has ended; undefined of one that has not. */
export function verdictOf(task: Task, canRevert: boolean): TaskVerdict | undefined {
  const { outcome } = task;
  if (task.status === 'running' || outcome === undefined) return undefined;
  const message = outcome.agent_message_final?.slice(0, MAX_MESSAGE).trim();
  return {
    chips: chipsOf(task, outcome),
    problems: problemsOf(outcome),
    ...(message && { message: markdownBlocks(message) }),
    files: outcome.files_changed.slice(0, MAX_FILES),
    moreFiles: outcome.files_truncated === true || outcome.files_changed.length > MAX_FILES,
    usage: usageOf(task.usage, outcome.reported_cost),
    canRevert: canRevert && outcome.checkpoint_id !== undefined,
  };
}

/** Of a cancelled or a lost task nothing was checked: there is nothing to say of the app. */
function chipsOf(task: Task, outcome: TaskOutcome): Chip[] {
  const first = [outcomeChip(task), BUILD_CHIPS[outcome.build_status]];
  const { status, failure_reason: reason } = outcome;
  if (status === 'cancelled' || reason === 'sandbox_unavailable') return first;
  const health: Chip = outcome.app_healthy
    ? { label: 'App healthy', tone: 'ok' }
    : { label: 'App not healthy', tone: 'bad' };
  return [...first, previewChip(outcome), health];
}

/** A page that answers with an error is not one that serves, whatever answers. */
function previewChip({ preview_ok: serves, preview_status_after: after }: TaskOutcome): Chip {
  return after === 'ready' && serves === false ? PREVIEW_CHIPS.down : PREVIEW_CHIPS[after];
}

function problemsOf(outcome: TaskOutcome): TaskProblem[] {
  return [
    { title: 'What went wrong', text: outcome.status === 'cancelled' ? undefined : outcome.error_message },
    { title: 'What the build said', text: outcome.build_error_message },
    { title: 'What the preview said', text: outcome.preview_error_message },
  ].flatMap(({ title, text }) => {
    const said = plainText(text ?? '').trim();
    return said === '' ? [] : [{ title, text: said }];
  });
}

const whole = new Intl.NumberFormat('en');
const dollars = new Intl.NumberFormat('en', {
  style: 'currency',
  currency: 'USD',
  minimumFractionDigits: 2,
  maximumFractionDigits: 4,
});

/** What passed through is what counts; where it tells no price, the agent's own reckoning does. */
function usageOf(usage: TaskUsage | undefined, reported: number | undefined): string | undefined {
  const parts: string[] = [];
  if (usage !== undefined && usage.total > 0) {
    const [total, input, output] = [usage.total, usage.input, usage.output].map((n) => whole.format(n));
    parts.push(`${total} tokens (${input} in, ${output} out)`);
  }
  if (usage !== undefined && usage.cost > 0) parts.push(dollars.format(usage.cost));
  else if (reported !== undefined && reported > 0)
    parts.push(`${dollars.format(reported)} by the agent’s reckoning`);
  return parts.length === 0 ? undefined : parts.join(' · ');
}
