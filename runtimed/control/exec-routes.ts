import { StringDecoder } from 'node:string_decoder';
import { SandboxdError, invalid } from '../../src/domain/errors.ts';
import { type ExecEvent, MAX_EXEC_OUTPUT_BYTES } from '../../src/domain/runtimed.ts';
import type { Workspace } from '../files/workspace.ts';
import { pause } from '../pause.ts';
import type { Environment } from '../processes/environment.ts';
import { Program } from '../processes/program.ts';
import { errnoOf } from '../regular-file.ts';
import { type Call, readJson, type Route, sendText, startStream } from './call.ts';
import { type ExecOrder, parseExec } from './exec-request.ts';

const MAX_REQUEST_BYTES = 2 * 1024 * 1024;
/** Milliseconds from SIGTERM to SIGKILL of a program whose time is up, or that nobody waits for any more. */
const GRACE = 2000;
/** Milliseconds for which what a program has left in its pipes is waited for: something may hold them open for ever. */
const DRAIN = 500;

export interface ExecContext {
  readonly workspace: Workspace;
  readonly environment: Environment;
  readonly newMark: () => string;
}

/** Runs programs for whoever asks, as the sandbox's user. */
export const execRoutes = (context: ExecContext): Route[] => [
  {
    method: 'POST',
    pattern: /^\/v1\/exec$/,
    handle: async (call) => {
      const order = parseExec(await readJson(call, MAX_REQUEST_BYTES));
      const program = await start(order, context);
      startStream(call, 'application/x-ndjson');
      if (order.stdin !== undefined) program.stdin?.end(order.stdin);
      await attend(call, program, order.limit);
    },
  },
];

async function start(order: ExecOrder, { workspace, environment, newMark }: ExecContext): Promise<Program> {
  const cwd = await workspace.directory({ path: order.cwd, root: 'app' });
  try {
    return await Program.start({
      // The login shell finds programs where a person's shell would, and makes way for them.
      argv: ['bash', '-lc', 'exec -- "$@"', 'bash', ...order.argv],
      cwd,
      env: { ...environment, ...order.env },
      mark: newMark(),
      stdin: order.stdin !== undefined,
    });
  } catch (cause) {
    if (errnoOf(cause) === 'E2BIG') throw invalid('cmd, env: are longer than the system allows.', { cause });
    throw new SandboxdError('sandbox_unavailable', 'The sandbox cannot start another program now.', {
      cause,
    });
  }
}

async function attend(call: Call, program: Program, limit: number): Promise<void> {
  const timeout = AbortSignal.timeout(limit);
  const outputs = [new Output(call, 'stdout', program.stdout), new Output(call, 'stderr', program.stderr)];
  const sent = Promise.all(outputs.map((output) => output.send()));
  await program.exitedOr(AbortSignal.any([call.signal, timeout]));
  const timedOut = timeout.aborted;
  if (timedOut || call.signal.aborted) await program.end(GRACE);
  const code = await program.exited;
  for (const output of outputs) output.hurry();
  await Promise.race([sent, pause(DRAIN, call.signal)]);
  program.release();
  await sent;
  const truncated = outputs.some((output) => output.isTruncated);
  void emit(call, { type: 'exit', exit_code: code, truncated, timed_out: timedOut });
  call.response.end();
}

/** One of a program's outputs on its way to the client. */
class Output {
  isTruncated = false;
  readonly #call: Call;
  readonly #type: 'stdout' | 'stderr';
  readonly #source: AsyncIterable<Buffer>;
  #left = MAX_EXEC_OUTPUT_BYTES;
  readonly #hurried = Promise.withResolvers<void>();

  constructor(call: Call, type: 'stdout' | 'stderr', source: AsyncIterable<Buffer>) {
    this.#call = call;
    this.#type = type;
    this.#source = source;
  }

  /** Sends it up to the limit, and drops the rest. Never rejects. */
  async send(): Promise<void> {
    const decoder = new StringDecoder('utf8');
    try {
      for await (const chunk of this.#source) {
        await this.#send(decoder.write(this.#cut(chunk)));
      }
    } catch {
      // Destroyed with the program, or after it: what was read until then is all there is.
    }
    await this.#send(decoder.end());
  }

  /** From now on a slow client is not waited for: the program has ended, and what it left is little. */
  hurry(): void {
    this.#hurried.resolve();
  }

  #cut(chunk: Buffer): Buffer {
    const kept = chunk.subarray(0, this.#left);
    this.#left -= kept.length;
    this.isTruncated ||= kept.length < chunk.length;
    return kept;
  }

  async #send(data: string): Promise<void> {
    if (data === '') return;
    await Promise.race([emit(this.#call, { type: this.#type, data }), this.#hurried.promise]);
  }
}

const emit = (call: Call, event: ExecEvent): Promise<void> => sendText(call, `${JSON.stringify(event)}\n`);
