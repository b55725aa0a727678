import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { type Answer, type AnswerContext, answer } from './answer.ts';
import type { Limits } from './limits.ts';
import type { Pool } from './pool.ts';
import type { RelayedFields } from './response-fields.ts';
import type { ResponseHead } from './response-head.ts';
import type { Meter } from './traffic.ts';
import { openTunnel } from './tunnel.ts';
import type { ResponseSink, UpstreamConnection, UpstreamFailure } from './upstream.ts';
import type { Visit } from './visit.ts';

/** How one kind of upstream is dealt with. */
export interface Relay {
  /** How long there may be no progress before the response head is there, in milliseconds. */
  readonly headMs: number;
  readonly requestHead: (visit: Visit) => string;
  readonly responseFields: (head: ResponseHead) => RelayedFields;
  /** Answers a visit whose response failed before its head was passed on. */
  readonly refuse: (failure: UpstreamFailure, to: Destination) => Answer;
  readonly context: AnswerContext;
  readonly limits: Limits;
}

/** Where a visit goes. */
export interface Destination {
  readonly pool: Pool;
  readonly meter: Meter;
  /** Whether it is known that no page is served there. */
  readonly isPageless?: boolean | undefined;
}

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);

/** Bytes of a body that are worth copying once more. */
const SMALL = 8 * 1024;

/** Passes a visit on, and its response back. Returns at once; the visit is answered or cut in any case. */
export function forward(visit: Visit, to: Destination, relay: Relay): void {
  if (!visit.isGone) new Exchange(visit, to, relay).start();
}

class Exchange implements ResponseSink {
  readonly #visit: Visit;
  readonly #to: Destination;
  readonly #relay: Relay;
  readonly #head: string;
  /** A request that may be sent twice can take its chances with a connection that is perhaps just closing. */
  readonly #repeatable: boolean;
  readonly #holds: boolean;
  #connection: UpstreamConnection;
  #headTimer: NodeJS.Timeout | undefined;
  #headSent = false;
  /** Nothing more will come from upstream. */
  #over = false;

  constructor(visit: Visit, to: Destination, relay: Relay) {
    this.#visit = visit;
    this.#to = to;
    this.#relay = relay;
    this.#head = relay.requestHead(visit);
    this.#holds = visit.holds;
    this.#repeatable = !visit.hasBody && !visit.isUpgrade && IDEMPOTENT.has(visit.req.method ?? '');
    this.#connection = (this.#repeatable ? to.pool.reuse() : undefined) ?? to.pool.open();
  }

  start(): void {
    const { res } = this.#visit;
    this.#to.meter.begun(this.#holds);
    res.on('close', () => this.#left());
    res.on('drain', () => this.#drained());
    this.#headTimer = setTimeout(() => this.#tooSlow(), this.#relay.headMs);
    this.#send();
    if (this.#visit.hasBody) this.#upload();
  }

  #send(): void {
    const { req, hasBody, isUpgrade } = this.#visit;
    const outgoing = { head: this.#head, method: req.method ?? '', hasBody, upgrade: isUpgrade };
    this.#to.meter.received(this.#head.length);
    this.#connection.send(outgoing, this);
  }

  #upload(): void {
    const { req, isChunked } = this.#visit;
    req.on('data', (data: Buffer) => {
      if (this.#over) return;
      this.#to.meter.received(data.length);
      this.#headTimer?.refresh();
      const more = isChunked ? this.#connection.writeChunk(data) : this.#connection.write(data);
      if (!more) req.pause();
    });
    req.on('end', () => {
      if (!this.#over) this.#connection.endUpload(isChunked);
    });
    this.#visit.invite();
  }

  onDrain(): void {
    this.#headTimer?.refresh();
    this.#visit.req.resume();
  }

  onHead(head: ResponseHead, alone: boolean): void {
    const { res } = this.#visit;
    this.#headArrived(head);
    const { fields, dated } = this.#relay.responseFields(head);
    res.sendDate = !dated;
    res.writeHead(head.status, head.reason, fields);
    if (alone) res.flushHeaders();
  }

  onData(data: Buffer, last: boolean): void {
    const { res } = this.#visit;
    this.#to.meter.sent(data.length);
    if (last) {
      this.#finish(data);
    } else if (!res.write(data)) {
      this.#connection.pause();
    }
  }

  onEnd(): void {
    if (!this.#over) this.#finish();
  }

  onSwitch(head: ResponseHead, socket: Socket, rest: Buffer): void {
    this.#headArrived(head);
    this.#over = true;
    const { fields } = this.#relay.responseFields(head);
    const switched = { socket, rest, fields, reason: head.reason };
    openTunnel(this.#visit, switched, this.#to.meter, this.#relay.limits.halfOpenMs);
    this.#left();
  }

  onFailure(failure: UpstreamFailure): void {
    if (failure.stale && this.#repeatable && this.#to.pool.isOpen) {
      this.#connection = this.#to.pool.open();
      this.#send();
      return;
    }
    this.#over = true;
    clearTimeout(this.#headTimer);
    if (this.#headSent) this.#cut();
    else this.#refuse(failure);
  }

  #headArrived(head: ResponseHead): void {
    clearTimeout(this.#headTimer);
    this.#headTimer = undefined;
    this.#headSent = true;
    this.#to.meter.answered(head.status);
  }

  #finish(data?: Buffer): void {
    const { res } = this.#visit;
    this.#over = true;
    // As text it leaves together with the head in a single write, where two buffers would need to be gathered.
    if (data !== undefined && data.length <= SMALL) res.end(data.toString('latin1'), 'latin1');
    else res.end(data);
    this.#visit.linger(this.#relay.limits.lingerMs);
  }

  #refuse(failure: UpstreamFailure): void {
    const refusal = this.#relay.refuse(failure, this.#to);
    this.#to.meter.answered(refusal.status);
    answer(this.#visit, refusal, this.#relay.context);
  }

  /** The client must not take half a response for a whole one. */
  #cut(): void {
    const { req, res } = this.#visit;
    // An HTTP/1.0 client takes an orderly close for the end of the body.
    if (req.httpVersionMinor === 0) req.socket.resetAndDestroy();
    else res.destroy();
  }

  #drained(): void {
    if (!this.#over) this.#connection.resume();
  }

  #tooSlow(): void {
    this.#connection.destroy();
    const late = this.#visit.hasBody && !this.#visit.req.complete;
    const why = late ? 'was not sent the whole request in time' : 'took too long to answer';
    this.onFailure({ kind: 'slow', why, stale: false });
  }

  /** The response is written, or the client is gone. */
  #left(): void {
    this.#to.meter.ended(this.#holds);
    clearTimeout(this.#headTimer);
    if (this.#over) return;
    this.#over = true;
    this.#connection.destroy();
  }
}
