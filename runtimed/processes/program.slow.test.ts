import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { isAlive } from '../testing/alive.ts';
import { until } from '../testing/until.ts';
import { Program } from './program.ts';

const env = { PATH: process.env['PATH'] ?? '', HOME: '/tmp' };
let marks = 0;

const start = (script: string, stdin = false) => {
  marks += 1;
  const mark = `test-${process.pid}-${marks}`;
  return Program.start({ argv: ['bash', '-c', script], cwd: '/', env, mark, stdin });
};

/** Collects what it writes; the text grows as it is written. */
function listen(program: Program) {
  const heard = { text: '' };
  program.record(async (bytes) => {
    heard.text += bytes.toString('utf8');
  });
  return heard;
}

/** The process ids a script prints, one a line, once there are so many. */
const pids = (heard: { text: string }, count: number) =>
  until(() => {
    const found = heard.text.trim().split('\n').map(Number);
    return found.length === count && found.every((pid) => pid > 0) && found;
  });

describe('a program', () => {
  it('tells its exit code', async () => {
    await using program = owned(await start('exit 7'));
    expect(await program.exited).toBe(7);
  });

  it('tells the signal that ended it, as a shell does', async () => {
    await using program = owned(await start('kill -KILL $$'));
    expect(await program.exited).toBe(137);
  });

  it('leads a process group of its own', async () => {
    await using program = owned(await start('ps -o pgid= -p $$; sleep 60'));
    const heard = listen(program);
    expect(await pids(heard, 1)).toEqual([program.pid]);
  });

  it('is refused with the reason of the system', async () => {
    const missing = Program.start({ argv: ['/no/such/program'], cwd: '/', env, mark: 'm' });
    await expect(missing).rejects.toMatchObject({ code: 'ENOENT' });
    const nowhere = Program.start({ argv: ['true'], cwd: '/no/such/directory', env, mark: 'm' });
    await expect(nowhere).rejects.toMatchObject({ code: 'ENOENT' });
    const endless = Program.start({ argv: ['true', 'x'.repeat(200_000)], cwd: '/', env, mark: 'm' });
    await expect(endless).rejects.toMatchObject({ code: 'E2BIG' });
  });

  it('survives that a reader of its own input has gone', async () => {
    await using program = owned(await start('exec 0<&-; sleep 60', true));
    program.stdin?.write('x'.repeat(1_000_000));
    await until(() => program.stdin?.destroyed);
    expect(isAlive(program.pid)).toBe(true);
  });

  it('that prints faster than it is heard is held up', async () => {
    await using program = owned(await start('yes'));
    const released = Promise.withResolvers<void>();
    let heard = 0;
    program.record(async (bytes) => {
      heard += bytes.length;
      await released.promise;
    });
    await until(() => heard > 0);
    const atFirst = heard;
    await until(
      async () => (await readFile(`/proc/${program.pid}/wchan`, 'utf8').catch(() => '')) !== '' || true,
    );
    expect(heard).toBe(atFirst);
    released.resolve();
    await until(() => heard > atFirst);
  });
});

describe('the last words of a program', () => {
  it('are heard to the end, although it has exited before', async () => {
    await using program = owned(await start('head -c 3000000 /dev/zero; echo; echo bye >&2; exit 1'));
    let length = 0;
    program.record(async (bytes) => {
      length += bytes.length;
      await new Promise((resolve) => setTimeout(resolve, 1));
    });
    await program.exited;
    await program.end(1000);
    expect(length).toBe(3_000_005);
  });

  it('are not waited for when somebody else holds on to its pipes', async () => {
    await using program = owned(await start('sleep 60 & exit 0'));
    program.record(async () => {});
    const started = performance.now();
    await program.exited;
    await program.release();
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe('ending a program', () => {
  it('lets it finish on SIGTERM', async () => {
    await using program = owned(
      await start(`trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.01; done`),
    );
    const heard = listen(program);
    await until(() => heard.text === 'up\n');
    await program.end(5000);
    expect(heard.text).toContain('bye\n');
    expect(await program.exited).toBe(3);
  });

  it('kills what ignores SIGTERM when the grace is over', async () => {
    await using program = owned(await start(`trap '' TERM; echo up; while :; do sleep 60; done`));
    const heard = listen(program);
    await until(() => heard.text === 'up\n');
    const started = performance.now();
    await program.end(100);
    expect(performance.now() - started).toBeGreaterThanOrEqual(100);
    expect(await program.exited).toBe(137);
  });

  it('ends the whole group, also when its leader has gone before', async () => {
    await using program = owned(await start('sleep 60 & echo $!; sleep 60 & echo $!'));
    const heard = listen(program);
    const children = await pids(heard, 2);
    await program.exited;
    expect(children.map(isAlive)).toEqual([true, true]);
    await program.end(1000);
    expect(children.map(isAlive)).toEqual([false, false]);
  });

  it('finds what has left the group with setsid, and what that has started', async () => {
    const script = `setsid bash -c 'echo $$; setsid sleep 60 & echo $!; wait' & sleep 60`;
    await using program = owned(await start(script));
    const heard = listen(program);
    const escaped = await pids(heard, 2);
    await program.end(1000);
    expect(escaped.map(isAlive)).toEqual([false, false]);
  });

  it('kills an escaped process that ignores SIGTERM', async () => {
    const script = `setsid bash -c 'trap "" TERM; echo $$; while :; do sleep 60; done' & wait`;
    await using program = owned(await start(script));
    const heard = listen(program);
    const escaped = await pids(heard, 1);
    await program.end(100);
    expect(escaped.map(isAlive)).toEqual([false]);
  });

  it('leaves every other program alone', async () => {
    await using other = owned(await start('sleep 60'));
    await using program = owned(await start('sleep 60'));
    await program.end(1000);
    expect(isAlive(other.pid)).toBe(true);
  });

  it('does no harm when repeated', async () => {
    await using program = owned(await start('sleep 60'));
    await Promise.all([program.end(1000), program.end(1000)]);
    await program.end(0);
    expect(isAlive(program.pid)).toBe(false);
  });
});

/** Ends it with the test. */
function owned(program: Program): Program & AsyncDisposable {
  return Object.assign(program, { [Symbol.asyncDispose]: () => program.end(0) });
}
