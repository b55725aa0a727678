import { runCommandLine } from '../../src/cli/run.ts';
import type { Terminal } from '../../src/cli/terminal.ts';

/** What a command line came to. */
export interface Typed {
  readonly exitCode: number;
  readonly printed: string;
  readonly noted: string;
}

/** Runs one command line where nobody answers questions. */
export async function typeCommand(args: readonly string[], env: NodeJS.ProcessEnv): Promise<Typed> {
  const printed: string[] = [];
  const noted: string[] = [];
  const terminal: Terminal = {
    interactive: false,
    print: (line) => void printed.push(line),
    note: (line) => void noted.push(line),
    progress: () => ({ update() {}, done() {}, [Symbol.dispose]() {} }),
    confirm: async () => false,
    askSecret: async () => '',
  };
  const { signal } = new AbortController();
  const exitCode = await runCommandLine(args, { terminal, env, signal });
  return { exitCode, printed: printed.join('\n'), noted: noted.join('\n') };
}
