import type { Buffer } from 'node:buffer';
import { connect, type Socket } from 'node:net';
import { type Body, bodyOf, SURPLUS } from './body.ts';
import { HeadReader } from './head-reader.ts';
import type { Limits } from './limits.ts';
import { Malformed, type ResponseHead } from './response-head.ts';

/** Where an upstream listens: a container's port, or a Unix socket. */
export type Endpoint = { readonly host: string; readonly port: number } | { readonly path: string };

/** Why there is no whole response. */
export interface UpstreamFailure {
  readonly kind: 'unreachable' | 'broken' | 'malformed' | 'slow';
  /** Completes "The app …", for people. */
  readonly why: string;
  /** Whether nothing had come back on a connection that had served before: it was probably closed as we used it. */
  readonly stale: boolean;
}

/** What becomes of one response. After `onEnd`, `onSwitch` or `onFailure` nothing more is called. */
export interface ResponseSink {
  /** @param alone whether the body is still to come, so that the head should not wait for it */
  onHead(head: ResponseHead, alone: boolean): void;
  onData(data: Buffer, last: boolean): void;
  /** The response is complete, its last data delivered. */
  onEnd(): void;
  /** An answer to an upgrade: the socket is the sink's now, as is what was read beyond the head. */
  onSwitch(head: ResponseHead, socket: Socket, rest: Buffer): void;
  onFailure(failure: UpstreamFailure): void;
  /** The upstream takes more of the request body. */
  onDrain(): void;
}

/** What one request needs from its connection. */
export interface Outgoing {
  readonly head: string;
  readonly method: string;
  readonly hasBody: boolean;
  readonly upgrade: boolean;
}

/**
 * One HTTP/1.1 connection to an upstream, for one request at a time. Everything that comes back is checked before it
 * is passed on; the first fault ends the connection.
 */
export class UpstreamConnection {
  readonly #socket: Socket;
  readonly #limits: Limits;
  readonly #release: (connection: UpstreamConnection) => void;
  #sink: ResponseSink | undefined;
  #outgoing: Outgoing | undefined;
  /** Reading a head while defined; afterwards the body is being read. */
  #heads: HeadReader | undefined;
  #interim = 0;
  #body: Body | undefined;
  #keepAlive = false;
  #uploading = false;
  #served = false;
  #answered = false;
  #error: NodeJS.ErrnoException | undefined;
  readonly #take = (data: Buffer, last: boolean): void => this.#sink?.onData(data, last);

  /** @param release takes the connection back once it has served and can serve again */
  constructor(endpoint: Endpoint, limits: Limits, release: (connection: UpstreamConnection) => void) {
    this.#limits = limits;
    this.#release = release;
    this.#socket = connect({ ...endpoint, noDelay: true, allowHalfOpen: true });
    this.#socket.setTimeout(limits.connectMs);
    this.#socket.once('connect', () => this.#socket.setTimeout(0)).once('close', () => this.#closed());
    this.#listen('on');
  }

  get socket(): Socket {
    return this.#socket;
  }

  get usable(): boolean {
    return this.#socket.writable && this.#socket.readable;
  }

  send(outgoing: Outgoing, sink: ResponseSink): void {
    this.#sink = sink;
    this.#outgoing = outgoing;
    this.#heads = new HeadReader(this.#limits);
    this.#interim = 0;
    this.#answered = false;
    this.#uploading = outgoing.hasBody;
    this.#socket.write(outgoing.head, 'latin1');
  }

  /** @returns false when the caller should wait for `onDrain` */
  write(data: Buffer): boolean {
    return this.#socket.write(data);
  }

  /** One chunk of a body sent in the chunked coding. */
  writeChunk(data: Buffer): boolean {
    this.#socket.cork();
    this.#socket.write(`${data.length.toString(16)}\r\n`, 'latin1');
    this.#socket.write(data);
    const more = this.#socket.write('\r\n', 'latin1');
    this.#socket.uncork();
    return more;
  }

  /** The request body is complete. */
  endUpload(chunked: boolean): void {
    this.#uploading = false;
    if (chunked) this.#socket.write('0\r\n\r\n', 'latin1');
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Gives up: nothing more is told to the sink. */
  destroy(): void {
    this.#sink = undefined;
    this.#socket.destroy();
  }

  /** `off` when the socket becomes a tunnel's. */
  #listen(method: 'on' | 'off'): void {
    this.#socket[method]('data', this.#read);
    this.#socket[method]('drain', this.#drained);
    this.#socket[method]('timeout', this.#silent);
    this.#socket[method]('end', this.#ended);
    this.#socket[method]('error', this.#note);
  }

  readonly #read = (bytes: Buffer): void => {
    this.#answered = true;
    if (this.#sink === undefined) this.#socket.destroy();
    else if (this.#heads !== undefined) this.#readHead(this.#heads, bytes);
    else if (this.#body !== undefined) this.#readBody(this.#body, bytes);
    else this.#malformed(SURPLUS);
  };

  readonly #drained = (): void => this.#sink?.onDrain();

  readonly #note = (error: NodeJS.ErrnoException): void => {
    this.#error = error;
  };

  #readHead(reader: HeadReader, bytes: Buffer): void {
    const read = reader.push(bytes);
    if (read === undefined) return;
    if (read instanceof Malformed) return this.#malformed(read);
    const { head, rest } = read;
    if (head.status === 101) return this.#switch(head, rest);
    if (head.status < 200) return this.#skipInterim(rest);
    this.#heads = undefined;
    this.#keepAlive = head.keepAlive;
    const body = bodyOf(head, this.#outgoing?.method === 'HEAD');
    this.#body = body;
    // Checked before the head is passed on: it can still become a clean 502.
    if (body === undefined && rest.length > 0) return this.#malformed(SURPLUS);
    if (body?.promised === true && rest.length > head.contentLength) return this.#malformed(SURPLUS);
    this.#sink?.onHead(head, body !== undefined && rest.length === 0);
    if (body === undefined) return this.#complete();
    const goesOn = rest.length === 0 || this.#readBody(body, rest);
    // Most bodies are complete by now, and never need a timer.
    if (goesOn && body.promised) this.#socket.setTimeout(this.#limits.bodySilenceMs);
  }

  #skipInterim(rest: Buffer): void {
    if (++this.#interim > this.#limits.interimResponses) {
      return this.#malformed(
        new Malformed(`it sent more than ${this.#limits.interimResponses} 1xx responses`),
      );
    }
    this.#heads = new HeadReader(this.#limits);
    if (rest.length > 0) this.#readHead(this.#heads, rest);
  }

  #switch(head: ResponseHead, rest: Buffer): void {
    if (this.#outgoing?.upgrade !== true || !head.connection.includes('upgrade') || head.chunked) {
      return this.#malformed(new Malformed('it switched protocols without being asked to'));
    }
    const sink = this.#sink;
    this.#sink = undefined;
    this.#socket.pause();
    this.#listen('off');
    sink?.onSwitch(head, this.#socket, rest);
  }

  /** @returns whether the body goes on */
  #readBody(body: Body, bytes: Buffer): boolean {
    const done = body.push(bytes, this.#take);
    if (done instanceof Malformed) this.#malformed(done);
    else if (done) this.#complete();
    return done === false;
  }

  #complete(): void {
    const sink = this.#sink;
    if (this.#socket.timeout) this.#socket.setTimeout(0);
    this.#sink = undefined;
    this.#body = undefined;
    this.#served = true;
    if (this.#keepAlive && !this.#uploading && this.usable) {
      this.#socket.resume();
      this.#release(this);
    } else {
      this.#socket.destroy();
    }
    sink?.onEnd();
  }

  #malformed(malformed: Malformed): void {
    this.#fail({
      kind: 'malformed',
      why: `answered with something that is not valid HTTP: ${malformed.why}`,
    });
  }

  readonly #silent = (): void => {
    if (this.#socket.connecting) this.#fail({ kind: 'slow', why: 'does not accept connections' });
    // Silence of our own making is the client's, and has its own limit.
    else if (!this.#socket.isPaused()) this.#fail({ kind: 'slow', why: 'stopped sending in mid-response' });
  };

  readonly #ended = (): void => {
    if (this.#sink !== undefined && this.#body?.endless === true) {
      this.#keepAlive = false;
      this.#complete();
    } else {
      this.#socket.destroy();
    }
  };

  #closed(): void {
    const refused = this.#error?.syscall === 'connect';
    this.#fail(
      refused
        ? { kind: 'unreachable', why: 'does not accept connections' }
        : { kind: 'broken', why: 'closed the connection before its response was complete' },
    );
  }

  #fail(failure: Omit<UpstreamFailure, 'stale'>): void {
    const sink = this.#sink;
    this.#sink = undefined;
    this.#socket.destroy();
    sink?.onFailure({ ...failure, stale: this.#served && !this.#answered });
  }
}
