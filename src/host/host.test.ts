import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findProgram } from './find-program.ts';
import { logTail } from './log-tail.ts';
import { findProcess } from './processes.ts';
import { ProgramError, runProgram } from './run-program.ts';
import { waitFor } from './wait-for.ts';

const never = new AbortController().signal;

describe('running a program', () => {
  it('gives every line of both outputs as it comes, and the last ones at the end', async () => {
    const seen: string[] = [];
    const script = 'echo out; echo err >&2; printf unfinished';
    const last = await runProgram('sh', ['-c', script], { onLine: (line) => seen.push(line) });
    expect(seen.toSorted()).toEqual(['err', 'out', 'unfinished']);
    expect(last.toSorted()).toEqual(seen.toSorted());
  });

  it('fails with what the program said', async () => {
    const failure = runProgram('sh', ['-c', 'echo "no route" >&2; exit 4']);
    await expect(failure).rejects.toThrow('sh ended with 4.');
    await expect(failure).rejects.toMatchObject({ output: ['no route'] });
  });

  it('fails when there is no such program', async () => {
    await expect(runProgram('sandboxd-no-such-program', [])).rejects.toThrow(ProgramError);
  });

  it('ends with the reason of its signal', async () => {
    const interruption = new AbortController();
    const run = runProgram('sh', ['-c', 'echo ready; exec sleep 60'], {
      signal: interruption.signal,
      onLine: () => interruption.abort(new Error('enough')),
    });
    await expect(run).rejects.toThrow('enough');
  });
});

describe('looking for a process', () => {
  it('finds this one, and not one that cannot be', async () => {
    expect((await findProcess(process.pid))?.name).toBeTruthy();
    expect(await findProcess(2 ** 22 + 1)).toBeUndefined();
  });

  it('takes one that has ended and is not noticed yet for ended', async () => {
    // The shell never waits for its child, so that this stays a zombie as long as the shell lives.
    const shell = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const [line] = (await once(shell.stdout, 'data')) as [Buffer];
      const pid = Number(line.toString());
      const gone = async () => ((await findProcess(pid)) === undefined ? true : undefined);
      expect(await waitFor(gone, { deadlineMs: 5000, pollMs: 10, signal: never })).toBe(true);
    } finally {
      shell.kill('SIGKILL');
      await once(shell, 'close');
    }
  });
});

describe('waiting for an answer', () => {
  it('asks until there is one', async () => {
    let asked = 0;
    const answer = await waitFor(async () => ((asked += 1) < 3 ? undefined : 'yes'), {
      deadlineMs: 5000,
      pollMs: 1,
      signal: never,
    });
    expect([answer, asked]).toEqual(['yes', 3]);
  });

  it('gives up at the deadline, having asked at least once', async () => {
    expect(await waitFor(async () => undefined, { deadlineMs: 0, signal: never })).toBeUndefined();
  });

  it('ends with its signal', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(waitFor(async () => undefined, { deadlineMs: 5000, signal })).rejects.toThrow('enough');
  });
});

it('finds programs that are installed, and no others', () => {
  expect(findProgram('sh')).toMatch(/\/sh$/);
  expect(findProgram('sandboxd-no-such-program')).toBeUndefined();
});

it('reads the last lines of a log, however long it is', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'sandboxd-log-'));
  try {
    const path = join(directory, 'log');
    expect(await logTail(path, 2)).toBe('');
    const lines = Array.from({ length: 10_000 }, (_, at) => `line ${at}`);
    await writeFile(path, `${lines.join('\n')}\n`);
    expect(await logTail(path, 2)).toBe('line 9998\nline 9999');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
