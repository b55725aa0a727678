import * as v from 'valibot';
import { PREVIEW_STATUSES } from './runtimed.ts';
import {
  BUILD_STATUSES,
  CHECKPOINT_ID,
  FAILURE_REASONS,
  MAX_TOOL_OUTPUT,
  TASK_PHASES,
  type TaskEvent,
  type TaskOutcome,
  TOOL_KINDS,
} from './task.ts';

/**
 * The shapes of what is written down of a task. A tenant can write anything in runtimed's place: what has another shape
 * is refused, what is merely long is cut.
 */
const cut = (length: number) =>
  v.pipe(
    v.string(),
    v.transform((text) => text.slice(0, length)),
  );
const MAX_TEXT = 256 * 1024;
const MAX_REASON = 16_384;
const MAX_FILES = 1000;
const MAX_PATH = 4096;

/** As far as a date reaches: later ones cannot be written down as a time. */
const MAX_MOMENT = 8.64e15;
const moment = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(MAX_MOMENT));
const path = v.pipe(v.string(), v.maxLength(MAX_PATH));

const ToldOutcome = v.object({
  status: v.picklist(['succeeded', 'failed', 'cancelled']),
  failure_reason: v.exactOptional(v.picklist(FAILURE_REASONS)),
  error_message: v.exactOptional(cut(MAX_REASON)),
  files_changed: v.pipe(v.array(path), v.maxLength(MAX_FILES)),
  files_truncated: v.exactOptional(v.boolean()),
  agent_message_final: v.exactOptional(cut(MAX_TEXT)),
  build_status: v.picklist(BUILD_STATUSES),
  build_error_message: v.exactOptional(cut(MAX_REASON)),
  preview_status_after: v.picklist(PREVIEW_STATUSES),
  preview_ok: v.exactOptional(v.boolean()),
  preview_error_message: v.exactOptional(cut(MAX_REASON)),
  app_healthy: v.boolean(),
  checkpoint_id: v.exactOptional(v.pipe(v.string(), v.regex(CHECKPOINT_ID))),
  started_at: moment,
  finished_at: moment,
  reported_cost: v.exactOptional(v.pipe(v.number(), v.finite(), v.minValue(0))),
});

/** No reader has to know what contradicts itself: an end before its beginning, a failure that succeeded. */
function consistent({ failure_reason: reason, ...told }: v.InferOutput<typeof ToldOutcome>): TaskOutcome {
  const outcome = {
    ...told,
    finished_at: Math.max(told.started_at, told.finished_at),
    app_healthy: told.app_healthy && told.build_status !== 'failed' && told.preview_ok !== false,
  };
  if (told.status === 'succeeded') return outcome;
  if (told.status === 'cancelled') return { ...outcome, failure_reason: 'cancelled' };
  return { ...outcome, failure_reason: reason === undefined || reason === 'cancelled' ? 'internal' : reason };
}
const Outcome = v.pipe(ToldOutcome, v.transform(consistent));

const Tool = v.object({
  id: cut(200),
  name: cut(200),
  kind: v.picklist(TOOL_KINDS),
  title: cut(1000),
  status: v.picklist(['running', 'completed', 'failed']),
  path: v.exactOptional(cut(MAX_PATH)),
  output: v.exactOptional(cut(MAX_TOOL_OUTPUT)),
});

const numbered = { seq: v.pipe(v.number(), v.safeInteger(), v.minValue(1)), at: moment };
const Event = v.variant('type', [
  v.object({
    ...numbered,
    type: v.literal('status'),
    data: v.object({ phase: v.picklist(TASK_PHASES), message: cut(1000) }),
  }),
  v.object({
    ...numbered,
    type: v.literal('message'),
    data: v.object({ id: cut(200), text: cut(MAX_TEXT) }),
  }),
  v.object({ ...numbered, type: v.literal('tool'), data: Tool }),
  v.object({
    ...numbered,
    type: v.literal('build'),
    data: v.object({ status: v.picklist(BUILD_STATUSES), message: v.exactOptional(cut(MAX_REASON)) }),
  }),
  v.object({ ...numbered, type: v.literal('done'), data: Outcome }),
]);

/** One line of a task's events; undefined for what is none. */
export const parseTaskEvent = (line: string): TaskEvent | undefined => parse(Event, line);
/** A task's result as it was written down; undefined for what is none. */
export const parseTaskOutcome = (text: string): TaskOutcome | undefined => parse(Outcome, text);

function parse<T>(schema: v.GenericSchema<unknown, T>, text: string): T | undefined {
  try {
    const parsed = v.safeParse(schema, JSON.parse(text));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
