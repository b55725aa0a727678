import type { GateRequest, ProviderGate, ProviderRefusal } from '../../src/domain/provider-gate.ts';
import type { TaskUsage } from '../../src/domain/task.ts';

/** A gate that lets nothing through: what passes is for the test to tell. */
export class FakeGate implements ProviderGate {
  /** What stands in the way of every opening. */
  trouble: string | undefined;
  /** What every last request failed with. */
  failure: string | undefined;
  /** What the next attempt to open it fails with, once. */
  obstacle: Error | undefined;
  readonly #open = new Map<string, GateRequest>();

  async open(directory: string, request: GateRequest) {
    const { obstacle } = this;
    this.obstacle = undefined;
    if (obstacle !== undefined) throw obstacle;
    let { usage } = request;
    const counted: GateRequest = {
      ...request,
      onUsage: (total) => {
        usage = total;
        request.onUsage(total);
      },
    };
    this.#open.set(directory, counted);
    const now = () => this;
    return {
      get usage() {
        return usage;
      },
      get trouble() {
        return now().trouble;
      },
      get failure() {
        return now().failure;
      },
      [Symbol.asyncDispose]: async () => {
        if (this.#open.get(directory) === counted) this.#open.delete(directory);
      },
    };
  }

  /** What is open for a sandbox. */
  opening(sandboxId: string): GateRequest | undefined {
    return [...this.#open].find(([directory]) => directory.includes(sandboxId))?.[1];
  }

  count(sandboxId: string, usage: TaskUsage): void {
    this.opening(sandboxId)?.onUsage(usage);
  }

  refuse(sandboxId: string, refusal: ProviderRefusal): void {
    this.opening(sandboxId)?.onRefusal(refusal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#open.clear();
  }
}
