import type { Buffer } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isHolding, isNavigation } from './visitor.ts';

/** One request of one client, and the way back to it. */
export class Visit {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** For an upgrade to WebSocket: what the client sent behind its request. */
  readonly early: Buffer | undefined;
  /** The raw target, without a preview token once that has been looked at. */
  url: string;
  /** Until when it may be held, on the monotonic clock; set when it first is. */
  heldUntil: number | undefined;
  /** How often it has asked for its sandbox to be woken. */
  wakes = 0;
  /** When it last did, on the monotonic clock. */
  wakeAskedAt: number | undefined;
  #awaitsContinue: boolean;
  #holds: boolean | undefined;

  constructor(req: IncomingMessage, res: ServerResponse, awaitsContinue: boolean, early?: Buffer) {
    this.req = req;
    this.res = res;
    this.early = early;
    this.url = req.url ?? '';
    this.#awaitsContinue = awaitsContinue;
  }

  get host(): string {
    return this.req.headers.host ?? '';
  }

  get isUpgrade(): boolean {
    return this.early !== undefined;
  }

  get isNavigation(): boolean {
    return !this.isUpgrade && isNavigation(this.req);
  }

  /** Whether it wakes a sandbox, and keeps it awake. */
  get holds(): boolean {
    this.#holds ??= !this.isUpgrade && isHolding(this.req);
    return this.#holds;
  }

  /** Whether a body is on its way, however short. */
  get hasBody(): boolean {
    const { headers } = this.req;
    return this.isChunked || (headers['content-length'] !== undefined && headers['content-length'] !== '0');
  }

  get isChunked(): boolean {
    return this.req.headers['transfer-encoding'] !== undefined;
  }

  /** Whether the client has left. */
  get isGone(): boolean {
    return this.res.destroyed || this.res.closed;
  }

  /** Lets a client that asked first send its body: only now is there somebody to take it. */
  invite(): void {
    if (this.#awaitsContinue) this.res.writeContinue();
    this.#awaitsContinue = false;
  }

  /**
   * Reads away what is left of the body after an early answer, for at most `ms`: closing at once would reset the
   * connection and could lose the answer.
   */
  linger(ms: number): void {
    const { req } = this;
    if (req.complete || req.destroyed) return;
    const timer = setTimeout(() => req.socket.destroy(), ms);
    req.once('close', () => clearTimeout(timer));
    req.resume();
  }
}
