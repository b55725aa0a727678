import { Hono } from 'hono';
import * as v from 'valibot';
import { PROCESS_NAME } from '../../domain/manifest-schema.ts';
import { parseDirectoryPath } from '../../domain/paths.ts';
import { LOG_TAIL_DEFAULT, LOG_TAIL_MAX, type ExecEvent } from '../../domain/runtimed.ts';
import { nodeOf, tailLog } from '../../domain/sandbox-io.ts';
import { invalid, SandboxdError } from '../../domain/errors.ts';
import { limitJson, readInput } from '../body.ts';
import type { AppContext, Env } from '../context.ts';
import { operation } from '../describe.ts';
import { eventStream } from './event-stream.ts';
import { idParam, integerQuery } from './params.ts';
import { ExecBody, LogBody } from './schemas.ts';

const MAX_EXEC_SECONDS = 3600;

const ExecInput = v.object({
  cmd: v.pipe(
    v.array(v.string('must be a string'), 'must be a list of strings'),
    v.minLength(1, 'must name a program'),
    v.maxLength(1000, 'must have at most 1000 arguments'),
    v.check(
      (cmd) => cmd[0] !== '' && cmd.every((part) => !part.includes('\0')),
      'must be a program and its arguments, without NUL',
    ),
  ),
  cwd: v.optional(
    v.pipe(
      v.string('must be a string'),
      v.transform((path) => parseDirectoryPath(path, 'cwd')),
    ),
  ),
  env: v.optional(
    v.pipe(
      v.record(v.string(), v.string('must be a string'), 'must be an object of strings'),
      v.check(
        (env) =>
          Object.entries(env).every(
            ([name, value]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !value.includes('\0'),
          ),
        'must map names of letters, digits and "_" to values without NUL',
      ),
    ),
  ),
  timeout_s: v.optional(
    v.pipe(
      v.number('must be a number'),
      v.minValue(0, `must be from 0 to ${MAX_EXEC_SECONDS}`),
      v.maxValue(MAX_EXEC_SECONDS, `must be from 0 to ${MAX_EXEC_SECONDS}`),
    ),
  ),
  stdin: v.optional(v.string('must be a string')),
});

const ERRORS = ['invalid_request', 'not_found', 'sandbox_unavailable', 'node_unavailable'] as const;
const node = (c: AppContext) => nodeOf(c.get('ports'), c.get('principal').owner, idParam(c, 'sandbox'));
const wantsStream = (c: AppContext) => (c.req.header('accept') ?? '').includes('text/event-stream');

export const exec = new Hono<Env>()
  .post(
    '/:id/exec',
    limitJson,
    operation({
      id: 'execInSandbox',
      summary: 'Run a program as the sandbox user; "Accept: text/event-stream" streams its output',
      description:
        'Wakes a sandbox that is stopped. A program that runs longer than `timeout_s` (0 or absent: 60 seconds) is ended, with `timed_out` in the answer.',
      tag: 'Sandboxes',
      body: ExecInput,
      ok: { 200: ExecBody },
      errors: [...ERRORS, 'payload_too_large'],
    }),
    async (c) => {
      const { client, id } = await node(c);
      const input = await readInput(c, ExecInput);
      const open = (signal: AbortSignal) => client.exec(id, input, signal);
      if (!wantsStream(c)) return c.json(await collect(open(c.req.raw.signal)));
      return eventStream(c, {
        open,
        toMessage: ({ type, ...data }) => ({ event: type, data: JSON.stringify(data) }),
        patienceMs: Infinity,
      });
    },
  )
  .get(
    '/:id/processes/:name/logs',
    operation({
      id: 'readProcessLog',
      summary: 'The last lines of a process log; "Accept: text/event-stream" goes on with every new one',
      description:
        'A stream has one event `line` for each line. It ends when the sandbox is stopped; what fails is a last event `error`.',
      tag: 'Sandboxes',
      query: { tail: `1–${LOG_TAIL_MAX}, default ${LOG_TAIL_DEFAULT}` },
      ok: { 200: LogBody },
      errors: ERRORS,
    }),
    async (c) => {
      const name = c.req.param('name');
      if (!PROCESS_NAME.test(name)) {
        throw invalid('name: a process name is 1–64 letters, digits, "_" or "-".');
      }
      const tail = integerQuery(c, 'tail', LOG_TAIL_DEFAULT, LOG_TAIL_MAX);
      const id = idParam(c, 'sandbox');
      // Also before following: a quiet process has no first line to wait for, and an unknown one is a 404.
      const lines = await tailLog(c.get('ports'), c.get('principal').owner, id, name, tail);
      if (!wantsStream(c)) return c.json({ process: name, lines });
      const { client } = await node(c);
      return eventStream(c, {
        open: (signal) => client.followLog(id, name, tail, signal),
        toMessage: (line) => ({ event: 'line', data: line }),
        patienceMs: 0,
      });
    },
  );

async function collect(events: AsyncIterable<ExecEvent>): Promise<v.InferOutput<typeof ExecBody>> {
  const output = { stdout: '', stderr: '' };
  for await (const event of events) {
    if (event.type !== 'exit') output[event.type] += event.data;
    else {
      const { exit_code, truncated, timed_out } = event;
      return { exit_code, ...output, truncated, timed_out };
    }
  }
  throw new SandboxdError('sandbox_unavailable', 'The sandbox went away before the program ended.');
}
