import * as v from 'valibot';
import { AGENT_IDS } from '../../src/domain/coding-agent.ts';
import { invalid } from '../../src/domain/errors.ts';
import { parseId } from '../../src/domain/ids.ts';
import { PROVIDER_IDS } from '../../src/domain/provider.ts';
import {
  CHECKPOINT_ID,
  MAX_PROMPT_LENGTH,
  MAX_TASK_SECONDS,
  type RevertOrder,
  type TaskAssignment,
  type TaskEnding,
  type TaskSubmission,
} from '../../src/domain/task.ts';
import { Variables } from '../config/runtime-config.ts';

const MAX_MODEL_LENGTH = 200;
/** Characters of a provider's words; what is longer is cut. */
const MAX_ENDING_MESSAGE = 4000;
const SECONDS = `timeout_s: must be a whole number from 1 to ${MAX_TASK_SECONDS}.`;

const schema = v.object({
  id: v.pipe(v.string('id: must be text.'), v.check(isTaskId, 'id: must be a ULID in capital letters.')),
  prompt: v.pipe(
    v.string('prompt: must be text.'),
    v.nonEmpty('prompt: is empty. Say what is to be done.'),
    v.maxLength(MAX_PROMPT_LENGTH, `prompt: is longer than ${MAX_PROMPT_LENGTH} characters.`),
    v.excludes('\0', 'prompt: contains a NUL character.'),
  ),
  agent: v.picklist(AGENT_IDS, `agent: must be one of ${AGENT_IDS.join(', ')}.`),
  provider: v.picklist(PROVIDER_IDS, `provider: must be one of ${PROVIDER_IDS.join(', ')}.`),
  // It becomes an argument of the agent's program, and must not pass for an option.
  model: v.exactOptional(
    v.pipe(
      v.string('model: must be text.'),
      v.maxLength(MAX_MODEL_LENGTH, `model: is longer than ${MAX_MODEL_LENGTH} characters.`),
      v.regex(
        /^[\w@][\w.:/@+-]*$/,
        'model: must be a name as the provider calls it, like "claude-sonnet-4-5".',
      ),
    ),
  ),
  timeout_s: v.pipe(
    v.number(SECONDS),
    v.integer(SECONDS),
    v.minValue(1, SECONDS),
    v.maxValue(MAX_TASK_SECONDS, SECONDS),
  ),
  continue: v.boolean('continue: must be true or false.'),
});

/** Who knows of no environment gives none. */
const submissionSchema = v.object({ ...schema.entries, env: v.optional(Variables, {}) });

const endingSchema = v.object({
  reason: v.picklist(['cancelled', 'provider_error'], 'reason: must be "cancelled" or "provider_error".'),
  message: v.exactOptional(
    v.pipe(
      v.string('message: must be text.'),
      v.transform((text) => text.slice(0, MAX_ENDING_MESSAGE)),
    ),
  ),
});

const revertSchema = v.object({
  // It becomes an argument of git's.
  checkpoint_id: v.exactOptional(
    v.pipe(
      v.string('checkpoint_id: must be text.'),
      v.regex(CHECKPOINT_ID, 'checkpoint_id: must be 40–64 lower-case hexadecimal digits.'),
    ),
  ),
});

const orderSchema = v.object({ ...schema.entries, started_at: v.pipe(v.number(), v.integer()) });

/** What is written down of a task before it begins. */
export interface TaskOrderFile extends TaskAssignment {
  /** Milliseconds since the epoch. */
  readonly started_at: number;
}

/** Whether a text names a task, and nothing else when it becomes part of a path. */
export function isTaskId(text: string): boolean {
  return parseId(text) === text;
}

/** @throws invalid_request naming the field, never a value of the environment */
export function parseSubmission(value: unknown): TaskSubmission {
  const parsed = v.safeParse(submissionSchema, value);
  if (!parsed.success) throw invalid(parsed.issues[0].message);
  const { env, ...assignment } = parsed.output;
  return { assignment, env };
}

/** @throws invalid_request naming the field */
export function parseEnding(value: unknown): TaskEnding {
  const parsed = v.safeParse(endingSchema, value);
  if (!parsed.success) throw invalid(parsed.issues[0].message);
  return parsed.output;
}

/** @throws invalid_request naming the field */
export function parseRevert(value: unknown): RevertOrder {
  const parsed = v.safeParse(revertSchema, value);
  if (!parsed.success) throw invalid(parsed.issues[0].message);
  return parsed.output;
}

/** @returns undefined for a text that no runtime has written */
export function parseOrder(text: string): TaskOrderFile | undefined {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), orderSchema), text);
  return parsed.success ? parsed.output : undefined;
}
