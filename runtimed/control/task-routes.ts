import type { FileHandle } from 'node:fs/promises';
import { invalid } from '../../src/domain/errors.ts';
import { MAX_TASK_DIFF_BYTES, MAX_TASK_LOG_BYTES } from '../../src/domain/task.ts';
import { readAt } from '../regular-file.ts';
import { parseEnding, parseRevert, parseSubmission } from '../tasks/assignment.ts';
import { DIFF_FILE, TRANSCRIPT_FILE } from '../tasks/task-store.ts';
import type { Tasks } from '../tasks/tasks.ts';
import { type Call, readJson, type Route, sendJson, sendText, startStream } from './call.ts';

/** A prompt, as JSON in which every character is escaped. */
const MAX_REQUEST_BYTES = 2 * 1024 * 1024;
/** The same with what its agent is given in its environment. */
const MAX_SUBMISSION_BYTES = 6 * 1024 * 1024;
const CHUNK_BYTES = 256 * 1024;

/** Tasks: begun, followed, ended, reverted. */
export const taskRoutes = (tasks: Tasks): Route[] => [
  {
    method: 'POST',
    pattern: /^\/v1\/tasks$/,
    handle: async (call) => {
      const submission = parseSubmission(await readJson(call, MAX_SUBMISSION_BYTES));
      await tasks.submit(submission);
      sendJson(call, { id: submission.assignment.id }, 202);
    },
  },
  {
    method: 'GET',
    pattern: /^\/v1\/tasks\/([^/]*)\/events$/,
    handle: async (call) => {
      const lines = await tasks.events(call.parameter, sinceOf(call), call.signal);
      startStream(call, 'application/x-ndjson');
      for await (const text of lines) await sendText(call, text);
      call.response.end();
    },
  },
  {
    method: 'GET',
    pattern: /^\/v1\/tasks\/([^/]*)\/log$/,
    handle: (call) => sendFile(call, tasks, TRANSCRIPT_FILE, MAX_TASK_LOG_BYTES),
  },
  {
    method: 'GET',
    pattern: /^\/v1\/tasks\/([^/]*)\/diff$/,
    handle: (call) => sendFile(call, tasks, DIFF_FILE, MAX_TASK_DIFF_BYTES),
  },
  {
    method: 'POST',
    pattern: /^\/v1\/tasks\/([^/]*)\/end$/,
    handle: async (call) => {
      await tasks.end(call.parameter, parseEnding(await readJson(call, MAX_REQUEST_BYTES)));
      sendJson(call, { id: call.parameter }, 202);
    },
  },
  {
    method: 'POST',
    pattern: /^\/v1\/tasks\/([^/]*)\/revert$/,
    handle: async (call) => {
      const { checkpoint_id } = parseRevert(await readJson(call, MAX_REQUEST_BYTES));
      sendJson(call, await tasks.revert(call.parameter, checkpoint_id));
    },
  },
];

/** @throws invalid_request */
function sinceOf({ query }: Call): number {
  const text = query.get('since') || '0';
  if (!/^\d{1,15}$/.test(text)) throw invalid('since: must be the number of an event, or 0.');
  return Number(text);
}

/** What is in a file of a task by now; nothing where it has not been written. */
async function sendFile(call: Call, tasks: Tasks, name: string, limit: number): Promise<void> {
  const handle = await tasks.file(call.parameter, name);
  startStream(call, 'text/plain; charset=utf-8');
  if (handle !== undefined) await copy(call, handle, limit);
  call.response.end();
}

async function copy(call: Call, handle: FileHandle, limit: number): Promise<void> {
  await using file = handle;
  for (let position = 0; position < limit && !call.signal.aborted; ) {
    const bytes = await readAt(file, position, Math.min(CHUNK_BYTES, limit - position));
    if (bytes.length === 0) return;
    position += bytes.length;
    await sendText(call, bytes);
  }
}
