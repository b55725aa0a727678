import type { ConnectRuntime, SandboxRuntime } from '../../domain/runtime.ts';
import {
  type ExecEvent,
  type ExecRequest,
  LOG_READ_BYTES,
  MAX_EXEC_OUTPUT_BYTES,
  type RestartScope,
  type RuntimeConfig,
  type RuntimeStatus,
} from '../../domain/runtimed.ts';
import { brokenOff, parseExecEvent, parseStatus, parseTail } from './answers.ts';
import { ControlChannel } from './channel.ts';
import { type Pace, paced } from './pace.ts';
import { RunningFiles } from './running-files.ts';
import { RunningTasks } from './running-tasks.ts';

const DEADLINE_MS = 10_000;
/** A stubborn process has five seconds to end, and so has one that a changed manifest replaces just then. */
const RESTART_DEADLINE_MS = 25_000;
const MAX_STATUS_LENGTH = 256 * 1024;
/** runtimed repeats itself every 10 s. */
const WATCH_SILENCE_MS = 30_000;
/** JSON can take six characters for one byte. */
const MAX_EXEC_LINE = 6 * MAX_EXEC_OUTPUT_BYTES + 1024;
const EXEC_DEFAULT_SECONDS = 60;
/** Beyond a program's own time limit, for runtimed to end it and say so. */
const EXEC_GRACE_SECONDS = 15;
const MAX_TAIL_BYTES = 8 * LOG_READ_BYTES;
const MAX_LOG_LINE = LOG_READ_BYTES;
/** More statuses are a flood. */
const STATUS_PACE: Pace = { burst: 50, perSecond: 50 };

/** Makes the node's side of a control socket. Nothing is opened before it is used. */
export const connectRuntime: ConnectRuntime = (controlDirectory) =>
  new RuntimedClient(new ControlChannel(controlDirectory));

class RuntimedClient implements SandboxRuntime {
  readonly #channel: ControlChannel;
  readonly files: RunningFiles;
  readonly tasks: RunningTasks;

  constructor(channel: ControlChannel) {
    this.#channel = channel;
    this.files = new RunningFiles(channel);
    this.tasks = new RunningTasks(channel);
  }

  async status(): Promise<RuntimeStatus> {
    const answer = await this.#channel.call('/v1/status', MAX_STATUS_LENGTH, { signal: deadline() });
    return parseStatus(answer.toString());
  }

  async *watch(signal: AbortSignal): AsyncGenerator<RuntimeStatus, void, undefined> {
    const lines = this.#channel.lines('/v1/watch', MAX_STATUS_LENGTH, {
      signal,
      silenceMs: WATCH_SILENCE_MS,
    });
    for await (const line of paced(lines, STATUS_PACE, signal)) yield parseStatus(line);
    if (!signal.aborted) throw brokenOff();
  }

  async *exec(request: ExecRequest, signal: AbortSignal): AsyncGenerator<ExecEvent, void, undefined> {
    const seconds = (request.timeout_s || EXEC_DEFAULT_SECONDS) + EXEC_GRACE_SECONDS;
    const limit = AbortSignal.timeout(seconds * 1000);
    const lines = this.#channel.lines('/v1/exec', MAX_EXEC_LINE, {
      method: 'POST',
      body: JSON.stringify(request),
      signal: AbortSignal.any([signal, limit]),
      silenceMs: 0,
    });
    let length = 0;
    for await (const line of lines) {
      length += line.length;
      if (length > 2 * MAX_EXEC_LINE) throw brokenOff();
      const event = parseExecEvent(line);
      yield event;
      if (event.type === 'exit') return;
    }
    if (!signal.aborted) throw brokenOff();
  }

  async tailLog(process: string, lines: number): Promise<string[]> {
    const query = { tail: String(lines) };
    const answer = await this.#channel.call(logsOf(process), MAX_TAIL_BYTES, { query, signal: deadline() });
    return parseTail(answer.toString());
  }

  followLog(process: string, lines: number, signal: AbortSignal): AsyncIterable<string> {
    return this.#channel.lines(logsOf(process), MAX_LOG_LINE, {
      query: { follow: '1', tail: String(lines) },
      signal,
      silenceMs: 0,
    });
  }

  async configure(config: RuntimeConfig): Promise<void> {
    const body = JSON.stringify(config);
    await this.#channel.call('/v1/config', 0, { method: 'PUT', body, signal: deadline() });
  }

  async restart(scope: RestartScope): Promise<void> {
    const signal = AbortSignal.timeout(RESTART_DEADLINE_MS);
    await this.#channel.call('/v1/restart', 0, { method: 'POST', query: { scope }, signal });
  }

  async shutdown(): Promise<void> {
    await this.#channel.call('/v1/shutdown', 0, { method: 'POST', signal: deadline() });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#channel[Symbol.asyncDispose]();
  }
}

const deadline = (): AbortSignal => AbortSignal.timeout(DEADLINE_MS);
const logsOf = (process: string): string => `/v1/processes/${encodeURIComponent(process)}/logs`;
