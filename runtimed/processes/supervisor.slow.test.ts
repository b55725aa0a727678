import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Manifest, resolveManifest } from '../../src/domain/manifest.ts';
import type { ProcessState } from '../../src/domain/runtimed.ts';
import { Changes } from '../changes.ts';
import { NOTHING_SECRET } from '../config/masked-output.ts';
import { LogStore } from '../logs/log-store.ts';
import type { Timings } from '../options.ts';
import { PATIENT } from '../testing/patience.ts';
import { isAlive } from '../testing/alive.ts';
import { collecting, QUICK } from '../testing/sandbox.ts';
import { temporaryDirectory } from '../testing/temporary.ts';
import { until } from '../testing/until.ts';
import { programEnvironment } from './environment.ts';
import { Supervisor } from './supervisor.ts';

const manifest = (value: object): Manifest => resolveManifest(JSON.stringify(value)).manifest;
const workers = (commands: Record<string, string>): Manifest =>
  manifest({ workers: Object.entries(commands).map(([name, command]) => ({ name, command })) });

async function supervise(timings: Partial<Timings> = {}) {
  const directory = await temporaryDirectory();
  const home = directory.path;
  const app = join(home, 'workspace/app');
  await mkdir(app, { recursive: true });
  const logs = new LogStore(home, NOTHING_SECRET);
  const supervisor = new Supervisor(logs, {
    directory: app,
    appEnvironment: () =>
      programEnvironment({ PATH: process.env['PATH'], SANDBOXD_PRESET: 'x', TOOL_SETTING: 'kept' }, home),
    timings: { ...QUICK, ...timings },
    clock: () => Date.now(),
    logger: collecting([]),
    newMark: randomUUID,
    changes: new Changes(),
  });
  const state = (name: string) => supervisor.states.find((state) => state.name === name);
  return {
    app,
    supervisor,
    state,
    /** Waits until the state of a process is as wanted. */
    reaches: (name: string, isWanted: (state: ProcessState) => boolean) =>
      until(() => {
        const found = state(name);
        return found !== undefined && isWanted(found) && found;
      }),
    /** Waits for a file that a process writes. */
    said: (file: string) =>
      until(async () => (await readFile(join(app, file), 'utf8').catch(() => '')) || undefined),
    logOf: (name: string) => readFile(join(home, `.runtimed/${name}.log`), 'utf8'),
    async [Symbol.asyncDispose]() {
      await supervisor[Symbol.asyncDispose]();
      await logs[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
    },
  };
}

const web = (more: object) => manifest({ web: { command: 'sleep 60', port: 4000, ...more } });
const isRunning = (state: ProcessState) => state.running;

describe('what a manifest declares', () => {
  it('runs, the web process first, under a login shell in the app directory', async () => {
    await using it = await supervise();
    const say =
      'shopt -q login_shell && pwd > where; echo "$PORT $HOME $USER ${SANDBOXD_PRESET-clean} $TOOL_SETTING" > with; sleep 60';
    const value = {
      web: { command: say, port: 4321 },
      workers: [{ name: 'w', command: 'echo "[$PORT]" > worker; sleep 60' }],
    };
    await it.supervisor.apply(manifest(value));
    await it.reaches('w', isRunning);
    expect(it.supervisor.states).toMatchObject([
      { name: 'web', kind: 'web', restarts: 0, abandoned: false },
      { name: 'w', kind: 'worker', running: true, restarts: 0, abandoned: false },
    ]);
    expect(await it.said('where')).toBe(`${it.app}\n`);
    expect(await it.said('with')).toBe(`4321 ${join(it.app, '../..')} sandbox clean kept\n`);
    expect(await it.said('worker')).toBe('[]\n');
  });

  it('is told by its process id while it runs', async () => {
    await using it = await supervise();
    await it.supervisor.apply(workers({ a: 'exec sleep 60' }));
    const { pid } = await it.reaches('a', isRunning);
    expect(await readFile(`/proc/${pid}/comm`, 'utf8')).toMatch(/^(bash|sleep)\n$/);
  });

  it('has both its outputs in its log', async () => {
    await using it = await supervise();
    await it.supervisor.apply(workers({ a: 'echo out; echo err >&2; sleep 60' }));
    await expect.poll(() => it.logOf('a'), PATIENT).toMatch(/out\nerr\n|err\nout\n/);
  });
});

describe('what a process says without end', () => {
  it('is kept in two files of 4 MiB', async () => {
    await using it = await supervise();
    await it.supervisor.apply(
      workers({ a: 'head -c 9500000 /dev/zero | tr "\\0" x | fold -w 999; touch said; sleep 60' }),
    );
    await it.reaches('a', isRunning);
    await until(async () => stat(join(it.app, 'said')).then(() => true));
    const limit = 4 * 1024 * 1024;
    await expect.poll(() => it.logOf('a').then(({ length }) => length), PATIENT).toBeGreaterThan(1_000_000);
    const logs = await readdir(join(it.app, '../../.runtimed'));
    expect(logs.toSorted()).toEqual(['a.log', 'a.log.1']);
    for (const name of logs) {
      expect((await stat(join(it.app, '../../.runtimed', name))).size).toBeLessThanOrEqual(limit);
    }
  });
});

describe('an unexpected exit', () => {
  it('is followed by a restart, which is counted and noted in the log', async () => {
    await using it = await supervise({ quickExit: 0 });
    await it.supervisor.apply(workers({ a: 'exit 3' }));
    await it.reaches('a', ({ restarts }) => restarts >= 2);
    expect(await it.logOf('a')).toContain(
      '[sandboxd] the process ended with code 3; it is started again in 0.02 s\n',
    );
  });

  it('takes with it what the process has started, so that its successor finds the port free', async () => {
    await using it = await supervise({ quickExit: 0 });
    await it.supervisor.apply(workers({ a: 'sleep 60 & echo $! >> children; exit 1' }));
    await it.reaches('a', ({ restarts }) => restarts >= 3);
    await it.supervisor.apply(workers({ b: 'sleep 60' }));
    const children = (await it.said('children')).trim().split('\n');
    expect(children.length).toBeGreaterThanOrEqual(3);
    expect(children.filter((pid) => isAlive(Number(pid)))).toEqual([]);
  });

  it('five times in a row soon after the start has the process abandoned', async () => {
    await using it = await supervise();
    await it.supervisor.apply(workers({ a: 'echo x >> runs; exit 1', b: 'sleep 60' }));
    const { restarts, running } = await it.reaches('a', ({ abandoned }) => abandoned);
    expect({ restarts, running }).toEqual({ restarts: 4, running: false });
    expect(await it.said('runs')).toBe('x\n'.repeat(5));
    expect(it.state('b')).toMatchObject({ running: true, restarts: 0 });
    expect(await it.logOf('a')).toContain('left alone until a file of the app changes');
  });

  it('is not what keeps a process from being started: that is tried for as long as it takes', async () => {
    await using it = await supervise();
    await rm(it.app, { recursive: true });
    await writeFile(it.app, 'in the way');
    await it.supervisor.apply(workers({ a: 'sleep 60' }));
    await it.reaches('a', ({ restarts }) => restarts > 6);
    expect(await it.logOf('a')).toContain(
      'the process could not be started (EEXIST); it is started again in 0.08 s',
    );
    await rm(it.app);
    expect(await it.reaches('a', isRunning)).toMatchObject({ abandoned: false });
  });

  it('of an abandoned process is forgiven by the next manifest, even by the same one', async () => {
    await using it = await supervise();
    await writeFile(join(it.app, 'broken'), '');
    const declared = workers({ a: 'test ! -e broken && sleep 60' });
    await it.supervisor.apply(declared);
    await it.reaches('a', ({ abandoned }) => abandoned);
    await rm(join(it.app, 'broken'));
    await it.supervisor.apply(declared);
    expect(await it.reaches('a', isRunning)).toMatchObject({ abandoned: false });
  });

  it('of a process whose directory was deleted is followed by one in an empty directory', async () => {
    await using it = await supervise({ quickExit: 0 });
    await it.supervisor.apply(workers({ a: 'pwd; exit 1' }));
    await it.reaches('a', ({ restarts }) => restarts >= 1);
    await rm(it.app, { recursive: true });
    await expect.poll(async () => (await stat(it.app)).isDirectory(), PATIENT).toBe(true);
  });
});

describe('a change of the manifest', () => {
  it('touches only what is declared differently', async () => {
    await using it = await supervise();
    await it.supervisor.apply(workers({ same: 'sleep 60', changed: 'sleep 61', gone: 'sleep 62' }));
    const [same, changed, gone] = await Promise.all(
      ['same', 'changed', 'gone'].map((name) => it.reaches(name, isRunning)),
    );
    await it.supervisor.apply(workers({ added: 'sleep 63', changed: 'sleep 64', same: 'sleep 60' }));
    await Promise.all(['added', 'changed', 'same'].map((name) => it.reaches(name, isRunning)));
    expect(it.supervisor.states.map(({ name }) => name)).toEqual(['added', 'changed', 'same']);
    expect(it.state('same')?.pid).toBe(same?.pid);
    expect(it.state('changed')?.pid).not.toBe(changed?.pid);
    expect(isAlive(gone?.pid ?? 0)).toBe(false);
  });

  it('of the port restarts the web process, of its health path does not', async () => {
    await using it = await supervise();
    await it.supervisor.apply(web({}));
    const first = await it.reaches('web', isRunning);
    await it.supervisor.apply(web({ health_path: '/up', restart_after_task: true }));
    expect(it.state('web')?.pid).toBe(first.pid);
    await it.supervisor.apply(web({ port: 4001 }));
    expect((await it.reaches('web', isRunning)).pid).not.toBe(first.pid);
  });

  it('starts the new process only after the old one has ended', async () => {
    await using it = await supervise({ stopGrace: 5000 });
    await it.supervisor.apply(
      workers({ a: `trap 'sleep 0.3; touch ended; exit' TERM; touch up; while :; do sleep 0.05; done` }),
    );
    await until(async () => readFile(join(it.app, 'up'), 'utf8').then(() => true));
    await it.supervisor.apply(
      workers({ a: 'test -e ended && echo after > order || echo before > order; sleep 60' }),
    );
    expect(await it.said('order')).toBe('after\n');
  });

  it('is carried out in the order of calls', async () => {
    await using it = await supervise();
    await Promise.all(['60', '61', '62'].map((time) => it.supervisor.apply(workers({ a: `sleep ${time}` }))));
    const { pid } = await it.reaches('a', isRunning);
    await expect.poll(() => readFile(`/proc/${pid}/cmdline`, 'utf8')).toContain('62');
    expect(it.supervisor.states).toHaveLength(1);
  });
});

/** What goes on around restarts, each held up before its start until it is let go. */
const heldUp = () => {
  const may = Promise.withResolvers<void>();
  const counts = { begun: 0 };
  return {
    counts,
    letGo: may.resolve,
    begun: () => void (counts.begun += 1),
    beforeStart: () => may.promise,
    [Symbol.dispose]: may.resolve,
  };
};

describe('a restart', () => {
  it('is joined by who asks before it has started anything, for no more than it does', async () => {
    await using it = await supervise();
    await it.supervisor.apply(workers({ a: 'sleep 60' }));
    const { pid } = await it.reaches('a', isRunning);
    using steps = heldUp();
    const first = it.supervisor.restart('all', steps);
    const joined = (['all', 'after_task', 'abandoned'] as const).map((scope) =>
      it.supervisor.restart(scope, steps),
    );
    await Promise.all([first, ...joined]);
    await it.supervisor.restart('all', steps);
    steps.letGo();
    expect((await it.reaches('a', isRunning)).pid).not.toBe(pid);
    expect(steps.counts.begun).toBe(1);
  });

  it('of more than the one under way comes after it', async () => {
    await using it = await supervise();
    const command = 'sleep 60';
    const declared = [
      { name: 'a', command, restart_after_task: true },
      { name: 'b', command },
    ];
    await it.supervisor.apply(manifest({ workers: declared }));
    const { pid } = await it.reaches('b', isRunning);
    using steps = heldUp();
    await it.supervisor.restart('after_task', steps);
    const all = it.supervisor.restart('all', steps);
    steps.letGo();
    await all;
    expect(isAlive(pid ?? 0)).toBe(false);
    await it.reaches('b', isRunning);
    expect(steps.counts.begun).toBe(2);
  });

  it('once done does not stand for the next', async () => {
    await using it = await supervise();
    await it.supervisor.apply(workers({ a: 'sleep 60' }));
    using steps = heldUp();
    steps.letGo();
    for (const times of [1, 2]) {
      await it.reaches('a', isRunning);
      await it.supervisor.restart('all', steps);
      expect(steps.counts.begun).toBe(times);
    }
  });
});

describe('the end', () => {
  it('stops everything, however stubborn, and lets nothing start any more', async () => {
    await using it = await supervise();
    await it.supervisor.apply(
      workers({ calm: 'sleep 60', stubborn: `trap '' TERM; echo > up; while :; do sleep 1; done` }),
    );
    await it.said('up');
    const pids = it.supervisor.states.map(({ pid }) => pid ?? 0);
    await it.supervisor[Symbol.asyncDispose]();
    expect(pids.filter(isAlive)).toEqual([]);
    await it.supervisor.apply(workers({ late: 'touch late; sleep 60' }));
    expect(it.state('late')).toMatchObject({ running: false });
  });

  it('does not wait for a restart that is due later', async () => {
    await using it = await supervise({ firstRestart: 60_000, longestRestart: 60_000 });
    await it.supervisor.apply(workers({ a: 'exit 1' }));
    await until(async () => (await it.logOf('a')).includes('started again in 60 s'));
    const started = performance.now();
    await it.supervisor[Symbol.asyncDispose]();
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
