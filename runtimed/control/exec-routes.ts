import { StringDecoder } from 'node:string_decoder';
import { SandboxdError, invalid } from '../../src/domain/errors.ts';
import { type ExecEvent, MAX_EXEC_OUTPUT_BYTES } from '../../src/domain/runtimed.ts';
import { MaskedOutput, type MaskSource } from '../config/masked-output.ts';
import type { Workspace } from '../files/workspace.ts';
import type { Environment } from '../processes/environment.ts';
import { type OutputName, Program } from '../processes/program.ts';
import { errnoOf } from '../regular-file.ts';
import { type Call, readJson, type Route, sendText, startStream } from './call.ts';
import { type ExecOrder, parseExec } from './exec-request.ts';

const MAX_REQUEST_BYTES = 2 * 1024 * 1024;
/** Milliseconds from SIGTERM to SIGKILL of a program whose time is up, or that nobody waits for any more. */
const GRACE = 2000;

export interface ExecContext {
  readonly workspace: Workspace;
  readonly environment: Environment;
  readonly newMark: () => string;
  readonly masks: MaskSource;
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
      await attend(call, program, order.limit, context.masks);
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

async function attend(call: Call, program: Program, limit: number, masks: MaskSource): Promise<void> {
  const timeout = AbortSignal.timeout(limit);
  const outputs = {
    stdout: new Output(call, 'stdout', masks),
    stderr: new Output(call, 'stderr', masks),
  };
  program.record((bytes, name) => outputs[name].send(bytes));
  await program.exitedOr(AbortSignal.any([call.signal, timeout]));
  const timedOut = timeout.aborted;
  for (const output of Object.values(outputs)) output.hurry();
  await (timedOut || call.signal.aborted ? program.end(GRACE) : program.release());
  for (const output of Object.values(outputs)) output.finish();
  const truncated = outputs.stdout.isTruncated || outputs.stderr.isTruncated;
  void emit(call, { type: 'exit', exit_code: await program.exited, truncated, timed_out: timedOut });
  call.response.end();
}

/** One of a program's outputs on its way to the client, without what is secret: up to the limit, the rest is dropped. */
class Output {
  isTruncated = false;
  readonly #call: Call;
  readonly #type: OutputName;
  readonly #masked: MaskedOutput;
  readonly #decoder = new StringDecoder('utf8');
  readonly #hurried = Promise.withResolvers<void>();
  #left = MAX_EXEC_OUTPUT_BYTES;

  constructor(call: Call, type: OutputName, masks: MaskSource) {
    this.#call = call;
    this.#type = type;
    this.#masked = new MaskedOutput(masks);
  }

  /** Resolves when the client can take more. */
  async send(bytes: Buffer): Promise<void> {
    await Promise.race([this.#emit(this.#fitting(this.#masked.push(bytes))), this.#hurried.promise]);
  }

  #fitting(bytes: Uint8Array): string {
    const kept = bytes.subarray(0, this.#left);
    this.#left -= kept.length;
    this.isTruncated ||= kept.length < bytes.length;
    return this.#decoder.write(kept);
  }

  /** From now on a slow client is not waited for: the program is at its end, and what is left of it is little. */
  hurry(): void {
    this.#hurried.resolve();
  }

  /** Sends what is left of what never came to its end: a secret, or a character. */
  finish(): void {
    void this.#emit(this.#fitting(this.#masked.end()) + this.#decoder.end());
  }

  #emit(data: string): Promise<void> {
    return data === '' ? Promise.resolve() : emit(this.#call, { type: this.#type, data });
  }
}

const emit = (call: Call, event: ExecEvent): Promise<void> => sendText(call, `${JSON.stringify(event)}\n`);
