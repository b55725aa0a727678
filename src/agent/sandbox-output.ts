import { maskedExec } from '../domain/masked.ts';
import type { SandboxRuntime } from '../domain/runtime.ts';
import type { ExecEvent, ExecRequest } from '../domain/runtimed.ts';
import type { ConfigKeeper } from './config/keeper.ts';
import { asleep } from './errors.ts';
import type { LiveSandbox } from './live.ts';

export interface OutputSources {
  /** @throws sandbox_unavailable, sandbox_capacity, not_found */
  awake(id: string): Promise<SandboxRuntime>;
  /** Undefined for a sandbox that is not up. */
  running(id: string): Promise<SandboxRuntime | undefined>;
  live(id: string): LiveSandbox | undefined;
  /** Keeps it awake until disposed of. */
  hold(id: string, reason: string): Disposable;
  readonly configs: Pick<ConfigKeeper, 'mask' | 'maskNow'>;
}

/** What programs in sandboxes print, on its way to people: without the secrets that this node knows. */
export class SandboxOutput {
  readonly #sources: OutputSources;

  constructor(sources: OutputSources) {
    this.#sources = sources;
  }

  async *exec(id: string, request: ExecRequest, signal: AbortSignal): AsyncIterable<ExecEvent> {
    using _ = this.#sources.hold(id, 'a program runs');
    const runtime = await this.#sources.awake(id);
    yield* maskedExec(await this.#sources.configs.mask(id), runtime.exec(request, signal));
  }

  async tailLog(id: string, process: string, lines: number): Promise<string[]> {
    const runtime = await this.#sources.running(id);
    if (runtime === undefined) throw asleep();
    const [mask, told] = [await this.#sources.configs.mask(id), await runtime.tailLog(process, lines)];
    return told.map((line) => mask.text(line));
  }

  async *followLog(id: string, process: string, lines: number, signal: AbortSignal): AsyncIterable<string> {
    const { configs } = this.#sources;
    const live = this.#sources.live(id);
    const runtime = await this.#sources.running(id);
    if (runtime === undefined || live === undefined) throw asleep();
    // A stop lets go of the sandbox before it ends it: to who follows, that is the end of the log and no failure.
    const either = AbortSignal.any([signal, live.detached]);
    for await (const line of runtime.followLog(process, lines, either)) yield configs.maskNow(id).text(line);
  }
}
