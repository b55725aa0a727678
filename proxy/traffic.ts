import type { Clock } from '../src/domain/ids.ts';
import type { Traffic } from '../src/domain/routing.ts';

/** An open WebSocket: it keeps its sandbox awake only while its client says something. */
export interface OpenSocket {
  lastClientAt: number;
}

/** Counts what goes through one sandbox. */
export class Meter {
  readonly sockets = new Set<OpenSocket>();
  readonly #clock: Clock;
  #lastRequestAt = 0;
  #holding = 0;
  #requests = 0;
  #bytesIn = 0;
  #bytesOut = 0;
  #statusClasses = noStatuses();
  #reportedInFlight = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * A request was passed on.
   * @param holds whether this visitor keeps the sandbox awake; {@link ended} takes the same value
   */
  begun(holds: boolean): void {
    this.#requests++;
    if (!holds) return;
    this.#holding++;
    this.#lastRequestAt = this.#clock();
  }

  ended(holds: boolean): void {
    if (holds) this.#holding--;
  }

  /** A request that was answered without asking the sandbox. */
  refused(status: number): void {
    this.#requests++;
    this.answered(status);
  }

  answered(status: number): void {
    const index = Math.floor(status / 100);
    this.#statusClasses[index] = (this.#statusClasses[index] ?? 0) + 1;
  }

  /** Bytes from the client. */
  received(bytes: number): void {
    this.#bytesIn += bytes;
  }

  /** Bytes to the client. */
  sent(bytes: number): void {
    this.#bytesOut += bytes;
  }

  /** Something came from the client of an open WebSocket. */
  spoke(socket: OpenSocket, bytes: number): void {
    this.#bytesIn += bytes;
    this.#lastRequestAt = this.#clock();
    socket.lastClientAt = this.#lastRequestAt;
  }

  /** What happened since the last call, or undefined when there is nothing new to tell. */
  report(sandboxId: string, socketActiveMs: number): Traffic | undefined {
    const inFlight = this.#holding + this.#activeSockets(socketActiveMs);
    const moved = this.#requests + this.#bytesIn + this.#bytesOut > 0;
    if (!moved && inFlight === 0 && this.#reportedInFlight === 0) return undefined;
    this.#reportedInFlight = inFlight;
    const traffic: Traffic = {
      sandboxId,
      lastRequestAt: this.#lastRequestAt,
      inFlight,
      requests: this.#requests,
      bytesIn: this.#bytesIn,
      bytesOut: this.#bytesOut,
      statusClasses: this.#statusClasses,
    };
    this.#requests = this.#bytesIn = this.#bytesOut = 0;
    this.#statusClasses = noStatuses();
    return traffic;
  }

  #activeSockets(activeMs: number): number {
    const since = this.#clock() - activeMs;
    let active = 0;
    for (const socket of this.sockets) if (socket.lastClientAt > since) active++;
    return active;
  }
}

/** One count per class, up to the 9xx that HTTP's grammar allows. */
const noStatuses = (): number[] => Array.from({ length: 10 }, () => 0);
