import { mkdtemp, rm } from 'node:fs/promises';
import { type RequestListener, type Server, createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SandboxRuntime } from '../../domain/runtime.ts';
import {
  CONTROL_SOCKET,
  MAX_EXEC_OUTPUT_BYTES,
  MAX_READ_BYTES,
  type RuntimeStatus,
} from '../../domain/runtimed.ts';
import { connectRuntime } from './connect.ts';

const STATUS: RuntimeStatus = {
  phase: 'ready',
  preview: { status: 'ready', last_http_status: 200, last_checked_at: '2026-01-02T03:04:05.678Z' },
  web_port: 3000,
  processes: [{ name: 'web', kind: 'web', running: true, pid: 12, restarts: 0, abandoned: false }],
};

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

describe('the node’s side of a control socket', () => {
  let directory: string;
  let server: Server | undefined;
  let runtime: SandboxRuntime;
  const never = new AbortController().signal;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'sandboxd-runtimed-'));
    runtime = connectRuntime(directory);
  });
  afterEach(async () => {
    await runtime[Symbol.asyncDispose]();
    await close();
    await rm(directory, { recursive: true });
  });

  const close = async () => {
    server?.closeAllConnections();
    await new Promise((resolve) => (server?.listening ? server.close(resolve) : resolve(undefined)));
  };
  const listen = async (answer: RequestListener) => {
    server = createServer(answer);
    await new Promise<void>((resolve) => server?.listen(join(directory, CONTROL_SOCKET), resolve));
  };
  const answer = (body: string | Uint8Array, status = 200) =>
    listen((request, response) => {
      request.resume();
      response.writeHead(status).end(body);
    });
  const unavailable = { code: 'sandbox_unavailable', retryable: true };

  describe('with a runtimed that keeps the protocol', () => {
    it('tells the status', async () => {
      await answer(JSON.stringify(STATUS));
      expect(await runtime.status()).toEqual(STATUS);
    });

    it('watches until the signal aborts', async () => {
      const left = new Promise<void>((resolve) => {
        void listen((request, response) => {
          expect(request.url).toBe('/v1/watch');
          response.write(`${JSON.stringify({ ...STATUS, phase: 'seeding' })}\n${JSON.stringify(STATUS)}\n`);
          response.on('close', resolve);
        });
      });
      const leaving = new AbortController();
      const phases: string[] = [];
      for await (const { phase } of runtime.watch(leaving.signal)) {
        phases.push(phase);
        if (phase === 'ready') leaving.abort();
      }
      expect(phases).toEqual(['seeding', 'ready']);
      await left;
    });

    it('runs a program and tells its output to the end', async () => {
      const events = [
        { type: 'stdout', data: 'hello\n' },
        { type: 'stderr', data: 'é' },
        { type: 'exit', exit_code: 3, truncated: false, timed_out: false },
      ] as const;
      const request = { cmd: ['ls', '-l'], cwd: 'src', env: { A: 'b' }, stdin: 'x' };
      const received: Promise<string>[] = [];
      await listen((incoming, response) => {
        received.push(text(incoming));
        response.end(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
      });
      expect(await collect(runtime.exec(request, never))).toEqual(events);
      expect(JSON.parse((await received[0]) ?? '')).toEqual(request);
    });

    it('lets go of a program when it is left', async () => {
      const left = new Promise<void>((resolve) => {
        void listen((request, response) => {
          request.resume();
          response.write(`${JSON.stringify({ type: 'stdout', data: 'on and on' })}\n`);
          response.on('close', resolve);
        });
      });
      for await (const event of runtime.exec({ cmd: ['yes'] }, never)) {
        expect(event.type).toBe('stdout');
        break;
      }
      await left;
    });

    it('reads logs, their end or as they grow', async () => {
      await listen((request, response) => {
        if (request.url?.endsWith('?tail=2'))
          response.end(JSON.stringify({ process: 'web', lines: ['a', 'b'] }));
        else if (request.url?.endsWith('?follow=1&tail=7')) response.end('c\nd\n');
        else response.writeHead(400).end();
      });
      expect(await runtime.tailLog('web', 2)).toEqual(['a', 'b']);
      expect(await collect(runtime.followLog('web', 7, never))).toEqual(['c', 'd']);
    });

    it('asks it to restart processes', async () => {
      const asked: string[] = [];
      await listen((request, response) => {
        asked.push(`${request.method} ${request.url}`);
        response.writeHead(204).end();
      });
      await runtime.restart('after_task');
      expect(asked).toEqual(['POST /v1/restart?scope=after_task']);
    });

    it('asks it to shut down', async () => {
      const asked: string[] = [];
      await listen((request, response) => {
        asked.push(`${request.method} ${request.url}`);
        response.writeHead(204).end();
      });
      await runtime.shutdown();
      expect(asked).toEqual(['POST /v1/shutdown']);
    });

    it('passes on what it says about a caller’s mistake', async () => {
      const error = { code: 'not_found', message: 'No such process.', retryable: false };
      await answer(JSON.stringify({ error }), 404);
      await expect(runtime.tailLog('none', 5)).rejects.toMatchObject({
        code: 'not_found',
        message: error.message,
      });
    });

    it('finds it again after a restart', async () => {
      await answer(JSON.stringify(STATUS));
      await runtime.status();
      await close();
      await expect(runtime.status()).rejects.toMatchObject(unavailable);
      await answer(JSON.stringify({ ...STATUS, phase: 'starting' }));
      expect(await runtime.status()).toMatchObject({ phase: 'starting' });
    });
  });

  describe('with nobody there', () => {
    it('says that the sandbox does not answer, not where', async () => {
      const error = await runtime.status().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject(unavailable);
      expect((error as Error).message).not.toContain(directory);
    });

    it('ends a watch that was left before it began', async () => {
      expect(await collect(runtime.watch(AbortSignal.abort()))).toEqual([]);
    });
  });

  describe('with a tenant in runtimed’s place', () => {
    const nonsense: Record<string, string> = {
      'no JSON': '<html>',
      nothing: '',
      null: 'null',
      'a list': '[]',
      'an unknown phase': JSON.stringify({ ...STATUS, phase: 'rm -rf' }),
      'a port out of range': JSON.stringify({ ...STATUS, web_port: 70_000 }),
      'a process with a path for a name': JSON.stringify({
        ...STATUS,
        processes: [{ ...STATUS.processes[0], name: '../../etc' }],
      }),
      'a thousand processes': JSON.stringify({ ...STATUS, processes: Array(1000).fill(STATUS.processes[0]) }),
    };

    it.each(Object.keys(nonsense))('refuses %s for a status', async (what) => {
      await answer(nonsense[what] ?? '');
      await expect(runtime.status()).rejects.toMatchObject(unavailable);
    });

    it('drops what nobody asked for, and cuts what is too long', async () => {
      const hostile = {
        ...STATUS,
        __proto__: { polluted: true },
        more: 'x',
        manifest_error: 'e'.repeat(100_000),
      };
      await answer(JSON.stringify(hostile));
      const { manifest_error, ...rest } = await runtime.status();
      expect(rest).toEqual(STATUS);
      expect(manifest_error).toHaveLength(4096);
    });

    it('reads no more of an endless answer than it may', async () => {
      let sent = 0;
      await listen((_request, response) => {
        const more = () => {
          while (!response.destroyed) {
            sent += 65_536;
            if (!response.write('x'.repeat(65_536))) break;
          }
        };
        response.on('drain', more);
        more();
      });
      await expect(runtime.status()).rejects.toMatchObject(unavailable);
      await expect(runtime.files.read({ path: 'a', root: 'app' })).rejects.toMatchObject(unavailable);
      await expect(runtime.files.list({ path: '', root: 'app', recursive: true })).rejects.toMatchObject(
        unavailable,
      );
      await expect(collect(runtime.watch(never))).rejects.toMatchObject(unavailable);
      await expect(collect(runtime.followLog('web', 7, never))).rejects.toMatchObject(unavailable);
      await expect(runtime.tailLog('web', 5)).rejects.toMatchObject(unavailable);
      expect(sent).toBeLessThan(64 * 1024 ** 2);
    });

    it('ends a program whose output never ends, whatever it is made of', async () => {
      await listen((request, response) => {
        request.resume();
        const line = `${JSON.stringify({ type: 'stdout', data: 'x'.repeat(MAX_EXEC_OUTPUT_BYTES) })}\n`;
        const more = () => {
          while (!response.destroyed && response.write(line));
        };
        response.on('drain', more);
        more();
      });
      await expect(collect(runtime.exec({ cmd: ['x'] }, never))).rejects.toMatchObject(unavailable);
    });

    it('needs a program’s exit to believe its end', async () => {
      await answer(`${JSON.stringify({ type: 'stdout', data: 'x' })}\n`);
      await expect(collect(runtime.exec({ cmd: ['x'] }, never))).rejects.toMatchObject(unavailable);
    });

    it('hears a watch break off', async () => {
      await answer(`${JSON.stringify(STATUS)}\n`);
      await expect(collect(runtime.watch(never))).rejects.toMatchObject(unavailable);
    });

    it('is not flooded by a watch', async () => {
      let sent = 0;
      await listen((_request, response) => {
        const line = `${JSON.stringify({ ...STATUS, manifest_error: 'x'.repeat(2000) })}\n`;
        const more = () => {
          while (!response.destroyed) {
            sent += 1;
            if (!response.write(line)) break;
          }
        };
        response.on('drain', more);
        more();
      });
      const leaving = new AbortController();
      let taken = 0;
      let began = 0;
      for await (const _status of runtime.watch(leaving.signal)) {
        if (taken === 0) began = performance.now();
        taken += 1;
        if (taken === 75) leaving.abort();
      }
      // Fifty at once, and fifty a second.
      expect(taken).toBe(75);
      expect(performance.now() - began).toBeGreaterThan(450);
      expect(sent).toBeGreaterThan(taken);
    });

    it.each([
      'unauthorized',
      'forbidden',
      'node_unavailable',
      'sandbox_capacity',
      'rate_limited',
      'internal',
    ])('is not told %s, which is not a sandbox’s to say', async (code) => {
      await answer(
        JSON.stringify({ error: { code, message: 'Log in again at evil.example.', retryable: false } }),
        401,
      );
      const error = await runtime.status().catch((thrown: unknown) => thrown);
      expect(error).toMatchObject(unavailable);
      expect((error as Error).message).not.toContain('evil');
    });

    it('shows a short message without control characters', async () => {
      const message = `bad\u001b[31m\r\n${'x'.repeat(5000)}`;
      await answer(JSON.stringify({ error: { code: 'not_found', message, retryable: false } }), 404);
      const error = (await runtime.status().catch((thrown: unknown) => thrown)) as Error;
      expect(error.message).toHaveLength(500);
      expect(error.message).toMatch(/^bad \[31m {2}x+$/);
    });

    it.each([101, 301, 500])('is refused with status %d', async (status) => {
      await listen((_request, response) => {
        response.socket?.end(
          `HTTP/1.1 ${status} X\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n`,
        );
      });
      await expect(runtime.status()).rejects.toMatchObject(unavailable);
    });

    it('is refused when it speaks no HTTP', async () => {
      await listen((_request, response) => response.socket?.end('SSH-2.0-OpenSSH_9.2\r\n'));
      await expect(runtime.status()).rejects.toMatchObject(unavailable);
    });

    it('cannot give a file larger than one may be', async () => {
      await answer(new Uint8Array(MAX_READ_BYTES + 1));
      await expect(runtime.files.read({ path: 'a', root: 'app' })).rejects.toMatchObject(unavailable);
    });

    it('cannot make a name into another path', async () => {
      const asked: (string | undefined)[] = [];
      await listen((request, response) => {
        asked.push(request.url);
        response.writeHead(204).end();
      });
      await runtime.tailLog('../../v1/shutdown?x=#', 5).catch(() => undefined);
      await runtime.files.delete({ path: 'a&root=home#?', root: 'app' });
      expect(asked[0]).toBe('/v1/processes/..%2F..%2Fv1%2Fshutdown%3Fx%3D%23/logs?tail=5');
      expect(new URL(asked[1] ?? '', 'http://x').searchParams.get('path')).toBe('a&root=home#?');
    });
  });
});
