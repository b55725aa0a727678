import { mkdir } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_EXEC_OUTPUT_BYTES } from '../../src/domain/runtimed.ts';
import { NOTHING_SECRET } from '../config/masked-output.ts';
import { Workspace } from '../files/workspace.ts';
import { programEnvironment } from '../processes/environment.ts';
import { PATIENT } from '../testing/patience.ts';
import { isAlive } from '../testing/alive.ts';
import type { Client } from '../testing/client.ts';
import { collecting, prepareMachine } from '../testing/sandbox.ts';
import { until } from '../testing/until.ts';
import { execRoutes } from './exec-routes.ts';
import { ControlServer } from './server.ts';

const ONE_MORE = 2 * 1024 * 1024;

let client: Client;
let app: string;
const ending: AsyncDisposable[] = [];

beforeAll(async () => {
  const machine = await prepareMachine({ app: { 'src/here.txt': '' } });
  const environment = programEnvironment({ PATH: process.env['PATH'], SANDBOXD_PRESET: 'x' }, machine.home);
  const workspace = new Workspace(machine.home, randomUUID);
  const routes = execRoutes({ workspace, environment, newMark: randomUUID, masks: NOTHING_SECRET });
  const server = await ControlServer.listen(machine.options.controlDirectory, routes, collecting([]));
  ({ client, app } = machine);
  ending.push(server, machine);
});
afterAll(async () => {
  for (const part of ending) await part[Symbol.asyncDispose]();
});

const bash = (script: string) => ['bash', '-c', script];
const refuse = async (order: unknown) => {
  const reply = await client.call(
    'POST',
    '/v1/exec',
    typeof order === 'string' ? order : JSON.stringify(order),
  );
  return {
    status: reply.status,
    message: (JSON.parse(reply.text) as { error: { message: string } }).error.message,
  };
};

describe('running a program', () => {
  it('gives both outputs and the exit code', async () => {
    const result = await client.exec({ cmd: bash('echo out; echo err >&2; exit 3') });
    expect(result).toEqual({
      stdout: 'out\n',
      stderr: 'err\n',
      exit: { type: 'exit', exit_code: 3, truncated: false, timed_out: false },
    });
  });

  it('starts in the app directory, or in one below it', async () => {
    expect((await client.exec({ cmd: ['pwd'] })).stdout).toBe(`${app}\n`);
    expect((await client.exec({ cmd: ['ls'], cwd: 'src' })).stdout).toBe('here.txt\n');
  });

  it('passes arguments as they are', async () => {
    const cmd = ['printf', '%s|', '-n', 'a b', '$HOME', '*', '"', '', 'ü☃'];
    expect((await client.exec({ cmd })).stdout).toBe('-n|a b|$HOME|*|"||ü☃|');
  });

  it('has a clean environment, and what the order adds', async () => {
    const cmd = bash('echo "${SANDBOXD_PRESET-none} $USER $MINE"');
    expect((await client.exec({ cmd, env: { MINE: 'yes' } })).stdout).toBe('none sandbox yes\n');
  });

  it('reads what it is given, and an end otherwise', async () => {
    expect((await client.exec({ cmd: ['cat'], stdin: 'hello' })).stdout).toBe('hello');
    expect((await client.exec({ cmd: ['cat'] })).stdout).toBe('');
    expect((await client.exec({ cmd: ['true'], stdin: 'x'.repeat(1_000_000) })).exit).toMatchObject({
      exit_code: 0,
    });
  });

  it('that does not exist ends like in a shell', async () => {
    const { stderr, exit } = await client.exec({ cmd: ['no-such-program'] });
    expect(stderr).toContain('not found');
    expect(exit).toMatchObject({ exit_code: 127 });
  });

  it('tells the signal that ended it', async () => {
    expect((await client.exec({ cmd: bash('kill -9 $$') })).exit).toMatchObject({ exit_code: 137 });
  });

  it('never cuts a character in two', async () => {
    const script = `printf '\\xe2\\x98'; sleep 0.05; printf '\\x83'; printf '\\xff'`;
    expect((await client.exec({ cmd: bash(script) })).stdout).toBe('☃\u{fffd}');
  });

  it('sends output as it comes', async () => {
    using stream = await client.stream(
      'POST',
      '/v1/exec',
      JSON.stringify({ cmd: bash('echo first; sleep 60') }),
    );
    await until(() => stream.text.includes('first'));
    expect(stream.text).not.toContain('exit');
  });

  it('gives at most 1 MiB of each output, and lets the program finish', async () => {
    const script = `head -c ${ONE_MORE} /dev/zero | tr '\\0' x; head -c ${ONE_MORE} /dev/zero | tr '\\0' y >&2; exit 4`;
    const { stdout, stderr, exit } = await client.exec({ cmd: bash(script) });
    expect([stdout.length, stderr.length]).toEqual([MAX_EXEC_OUTPUT_BYTES, MAX_EXEC_OUTPUT_BYTES]);
    expect(exit).toMatchObject({ exit_code: 4, truncated: true });
  });

  it('leaves alone what it has put into the background, and does not wait for it', async () => {
    const started = performance.now();
    const { stdout, exit } = await client.exec({ cmd: bash('sleep 60 & echo $!') });
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(exit).toMatchObject({ exit_code: 0, timed_out: false });
    const pid = Number(stdout);
    expect(isAlive(pid)).toBe(true);
    process.kill(pid, 'SIGKILL');
  });
});

describe('ending a program', () => {
  it('after its time, with everything it has started, wherever that went', async () => {
    const script = 'sleep 60 & echo $!; setsid sleep 60 & echo $!; sleep 60';
    const { stdout, exit } = await client.exec({ cmd: bash(script), timeout_s: 3 });
    expect(exit).toMatchObject({ exit_code: 143, timed_out: true });
    const pids = stdout.trim().split('\n').map(Number);
    expect(pids).toHaveLength(2);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('when the client leaves', async () => {
    const order = { cmd: bash(`echo $$; setsid sleep 60 & echo $!; wait`) };
    const stream = await client.stream('POST', '/v1/exec', JSON.stringify(order));
    const pids = await until(() => {
      const found = [...stream.text.matchAll(/(\d+)\\n/g)].map((match) => Number(match[1]));
      return found.length === 2 && found;
    });
    expect(pids.filter(isAlive)).toEqual(pids);
    stream[Symbol.dispose]();
    await expect.poll(() => pids.filter(isAlive), PATIENT).toEqual([]);
  });

  it('that floods a client which does not read costs little memory', async () => {
    const before = process.memoryUsage().rss;
    using stream = await client.stream('POST', '/v1/exec', JSON.stringify({ cmd: ['yes'], timeout_s: 1 }));
    await stream.closed;
    expect(stream.text).toContain('"timed_out":true');
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  });
});

describe('an order that cannot be carried out', () => {
  it.each([
    ['that is not JSON', '{', /not JSON/],
    ['that is no object', '[]', /./],
    ['without a program', {}, /^cmd|cmd/],
    ['with an empty command', { cmd: [] }, /^cmd: is empty/],
    ['with a program without a name', { cmd: [''] }, /^cmd/],
    ['with an argument that is no text', { cmd: ['a', 1] }, /^cmd/],
    ['with a NUL', { cmd: ['a\0b'] }, /NUL/],
    ['in a directory above', { cmd: ['a'], cwd: '../..' }, /^cwd/],
    ['in an absolute directory', { cmd: ['a'], cwd: '/etc' }, /^cwd/],
    ['in what is no directory', { cmd: ['a'], cwd: 'src/here.txt' }, /file/],
    ['with a strange variable', { cmd: ['a'], env: { 'A=B': 'c' } }, /^env/],
    ['with a variable that is no text', { cmd: ['a'], env: { A: 1 } }, /^env/],
    ['with a negative time', { cmd: ['a'], timeout_s: -1 }, /^timeout_s/],
    ['with an endless time', { cmd: ['a'], timeout_s: 1e9 }, /^timeout_s/],
    ['with arguments longer than the system takes', { cmd: ['a', 'x'.repeat(200_000)] }, /longer/],
  ])('%s is refused', async (_, order, message) => {
    expect(await refuse(order)).toEqual({ status: 400, message: expect.stringMatching(message) as string });
  });

  it('in a directory that is not there is refused', async () => {
    expect(await refuse({ cmd: ['a'], cwd: 'none' })).toMatchObject({ status: 404 });
  });

  it('that is too large is refused', async () => {
    expect(await refuse({ cmd: ['cat'], stdin: 'x'.repeat(ONE_MORE) })).toMatchObject({ status: 413 });
  });

  it('leaves the socket usable for the next', async () => {
    await mkdir(join(app, 'later'));
    expect((await client.exec({ cmd: ['pwd'], cwd: 'later' })).stdout).toBe(`${app}/later\n`);
  });
});
