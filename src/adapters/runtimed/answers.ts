import * as v from 'valibot';
import { SandboxdError } from '../../domain/errors.ts';
import { MAX_LISTED_ENTRIES } from '../../domain/files.ts';
import { MAX_WORKERS, PROCESS_NAME } from '../../domain/manifest-schema.ts';
import {
  BOOT_PHASES,
  type ExecEvent,
  type FileListing,
  LOG_TAIL_MAX,
  PREVIEW_STATUSES,
  type RuntimeStatus,
} from '../../domain/runtimed.ts';
import { CHECKPOINT_ID, type Reverted } from '../../domain/task.ts';

/**
 * The shapes of what a sandbox may answer. It can answer anything: what has another shape is refused, what is merely
 * long is cut, and what is not asked for is dropped.
 */

/** Every worker a manifest may declare, and the web process. */
const MAX_PROCESSES = MAX_WORKERS + 1;
const cut = (length: number) =>
  v.pipe(
    v.string(),
    v.transform((text) => text.slice(0, length)),
  );
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const Preview = v.object({
  status: v.picklist(PREVIEW_STATUSES),
  last_http_status: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(100), v.maxValue(999))),
  last_checked_at: v.exactOptional(v.pipe(v.string(), v.maxLength(40), v.isoTimestamp())),
  build_error_message: v.exactOptional(cut(16_384)),
});

const Process = v.object({
  name: v.pipe(v.string(), v.regex(PROCESS_NAME)),
  kind: v.picklist(['web', 'worker']),
  running: v.boolean(),
  pid: v.exactOptional(count),
  restarts: count,
  abandoned: v.boolean(),
});

const Status = v.object({
  phase: v.picklist(BOOT_PHASES),
  preview: Preview,
  web_port: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))),
  processes: v.pipe(v.array(Process), v.maxLength(MAX_PROCESSES)),
  manifest_error: v.exactOptional(cut(4096)),
  config_revision: v.exactOptional(count),
  active_task_id: v.exactOptional(v.pipe(v.string(), v.ulid())),
});

const Entry = v.object({
  path: v.pipe(v.string(), v.minLength(1), v.maxLength(4096)),
  type: v.picklist(['file', 'directory', 'symlink']),
  size: v.exactOptional(count),
});
const Entries = v.pipe(v.array(Entry), v.maxLength(MAX_LISTED_ENTRIES));
const Listing = v.object({ entries: Entries });

const Tail = v.object({ lines: v.pipe(v.array(v.string()), v.maxLength(LOG_TAIL_MAX)) });

const Event = v.variant('type', [
  v.object({ type: v.picklist(['stdout', 'stderr']), data: v.string() }),
  v.object({
    type: v.literal('exit'),
    exit_code: v.pipe(v.number(), v.integer(), v.minValue(-1), v.maxValue(255)),
    truncated: v.boolean(),
    timed_out: v.boolean(),
  }),
]);

const RevertAnswer = v.object({
  checkpoint_id: v.pipe(v.string(), v.regex(CHECKPOINT_ID)),
  files_changed: v.pipe(v.array(v.pipe(v.string(), v.maxLength(4096))), v.maxLength(1000)),
});

export const parseReverted = (text: string): Reverted => parse(RevertAnswer, text);
export const parseStatus = (text: string): RuntimeStatus => parse(Status, text);
export const parseExecEvent = (text: string): ExecEvent => parse(Event, text);
export const parseTail = (text: string): string[] => parse(Tail, text).lines;
export const parseEntries = (text: string): FileListing['entries'] => parse(Listing, text).entries;

function parse<T>(schema: v.GenericSchema<unknown, T>, text: string): T {
  try {
    return v.parse(schema, JSON.parse(text));
  } catch (error) {
    throw unknownAnswer(error);
  }
}

export const unknownAnswer = (cause?: unknown) =>
  new SandboxdError('sandbox_unavailable', 'The sandbox answered what the protocol does not know.', {
    cause,
  });
export const brokenOff = () =>
  new SandboxdError('sandbox_unavailable', 'The sandbox broke off in the middle of its answer.');

/** What runtimed may report of a caller's mistake or its own trouble; no other code is a sandbox's to give. */
const Failure = v.object({
  error: v.object({
    code: v.picklist([
      'invalid_request',
      'not_found',
      'conflict',
      'task_in_progress',
      'payload_too_large',
      'unavailable',
    ]),
    message: cut(500),
  }),
});

/** A refusal as an error of ours: never one that speaks for another part of the system. */
export function reportedError(status: number, text: string): SandboxdError {
  try {
    const { error } = v.parse(Failure, JSON.parse(text));
    return new SandboxdError(error.code, error.message.replaceAll(/\p{Cc}/gu, ' '));
  } catch (cause) {
    return new SandboxdError('sandbox_unavailable', `The sandbox could not do it (status ${status}).`, {
      cause,
    });
  }
}
