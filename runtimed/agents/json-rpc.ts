import { type Fields, fieldsOf, parseLine, textOf } from './fields.ts';

/** What the other side failed a request with, or that it has gone. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
}

export interface RpcHandlers {
  /** Answers a request; undefined for a method that is not known. */
  answer(method: string, params: Fields): Fields | undefined;
  notice(method: string, params: Fields): void;
}

const METHOD_NOT_FOUND = -32_601;

/** One end of a conversation in JSON-RPC 2.0, a message a line. What is no message is not answered. */
export class RpcPeer {
  readonly #send: (line: string) => void;
  readonly #handlers: RpcHandlers;
  readonly #waiting = new Map<number, PromiseWithResolvers<Fields>>();
  #lastId = 0;
  #closed: string | undefined;

  /** @param send must not throw */
  constructor(send: (line: string) => void, handlers: RpcHandlers) {
    this.#send = send;
    this.#handlers = handlers;
  }

  /** @throws RpcError when the other side says so, or goes without an answer */
  async request(method: string, params: Fields): Promise<Fields> {
    if (this.#closed !== undefined) throw new RpcError(this.#closed);
    const id = (this.#lastId += 1);
    const waiting = Promise.withResolvers<Fields>();
    this.#waiting.set(id, waiting);
    this.#write({ id, method, params });
    return waiting.promise;
  }

  /** Takes a line of the other side's. Never throws. */
  receive(line: string): void {
    const { id, method, params, result, error } = parseLine(line);
    const name = textOf(method);
    if (name === undefined) this.#settle(id, result, error);
    else if (id === undefined) this.#handlers.notice(name, fieldsOf(params));
    else this.#reply(id, this.#handlers.answer(name, fieldsOf(params)), name);
  }

  /** The other side has gone: whatever was asked of it, or will be, fails for this reason. */
  close(reason: string): void {
    this.#closed ??= reason;
    for (const { reject } of this.#waiting.values()) reject(new RpcError(reason));
    this.#waiting.clear();
  }

  #settle(id: unknown, result: unknown, error: unknown): void {
    const waiting = typeof id === 'number' ? this.#waiting.get(id) : undefined;
    if (waiting === undefined) return;
    this.#waiting.delete(id as number);
    if (error === undefined) waiting.resolve(fieldsOf(result));
    else waiting.reject(rpcError(fieldsOf(error)));
  }

  #reply(id: unknown, result: Fields | undefined, method: string): void {
    if (result !== undefined) this.#write({ id, result });
    else this.#write({ id, error: { code: METHOD_NOT_FOUND, message: `Method not found: ${method}` } });
  }

  #write(message: Fields): void {
    this.#send(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }
}

const rpcError = ({ message }: Fields): RpcError =>
  new RpcError(textOf(message) ?? 'It failed without a reason.');
