import { type IncomingHttpHeaders, request } from 'node:http';
import type { ExecEvent, ExecRequest, FileListing, RuntimeStatus } from '../../src/domain/runtimed.ts';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
}

export interface Stream extends Disposable {
  /** Everything received until now. */
  readonly text: string;
  /** Resolves when the other side has ended it or cut it off. */
  readonly closed: Promise<void>;
}

/** The node's end of a control socket. */
export class Client {
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  async call(method: string, path: string, body?: Uint8Array | string): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const outgoing = request({ socketPath: this.#socketPath, method, path, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const { statusCode = 0, headers } = response;
          resolve({ status: statusCode, headers, bytes, text: bytes.toString('utf8') });
        });
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  async json<T>(path: string): Promise<T> {
    const { status, text } = await this.call('GET', path);
    if (status !== 200) throw new Error(`${path} answered ${status}: ${text}`);
    return JSON.parse(text) as T;
  }

  status(): Promise<RuntimeStatus> {
    return this.json('/v1/status');
  }

  async list(query = ''): Promise<string[]> {
    const { entries } = await this.json<FileListing>(`/v1/files?${query}`);
    return entries.map(({ path }) => path);
  }

  write(path: string, content: Uint8Array | string, more = ''): Promise<Reply> {
    return this.call('PUT', `/v1/files?path=${encodeURIComponent(path)}${more}`, content);
  }

  async read(path: string, more = ''): Promise<string> {
    const reply = await this.call('GET', `/v1/files/content?path=${encodeURIComponent(path)}${more}`);
    if (reply.status !== 200) throw new Error(`reading ${path} answered ${reply.status}: ${reply.text}`);
    return reply.text;
  }

  async logs(name: string, tail = 200): Promise<string[]> {
    return (await this.json<{ lines: string[] }>(`/v1/processes/${name}/logs?tail=${tail}`)).lines;
  }

  async exec(order: ExecRequest): Promise<{ stdout: string; stderr: string; exit: ExecEvent }> {
    const reply = await this.call('POST', '/v1/exec', JSON.stringify(order));
    if (reply.status !== 200) throw new Error(`exec answered ${reply.status}: ${reply.text}`);
    const events = reply.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as ExecEvent);
    const output = (type: string) =>
      events.map((event) => (event.type === type && 'data' in event ? event.data : '')).join('');
    return { stdout: output('stdout'), stderr: output('stderr'), exit: events.at(-1) as ExecEvent };
  }

  /** Begins a request and leaves the answer open until it is disposed of. */
  stream(method: string, path: string, body?: string): Promise<Stream> {
    return new Promise((resolve, reject) => {
      const outgoing = request({ socketPath: this.#socketPath, method, path, agent: false });
      outgoing.on('error', reject);
      outgoing.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        const closed = new Promise<void>((resolve) => response.on('close', resolve));
        // Cut off by whichever side left first.
        response.on('error', () => {});
        resolve({
          get text() {
            return text;
          },
          closed,
          [Symbol.dispose]: () => outgoing.destroy(),
        });
      });
      outgoing.end(body);
    });
  }
}
