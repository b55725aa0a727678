import { createInterface } from 'node:readline/promises';
import { type Readable, Writable } from 'node:stream';
import { EXIT, Failure } from './failure.ts';

/** What the command line says and asks. Results go to one output, everything about the way there to the other. */
export interface Terminal {
  /** Whether somebody sits there who can answer. */
  readonly interactive: boolean;
  /** A line of the result. */
  print(line: string): void;
  /** A line about what is being done. */
  note(line: string): void;
  /** Begins a long piece of work; the line follows it until it is disposed. */
  progress(title: string): ProgressLine;
  /** A yes-or-no question; no on anything but yes. */
  confirm(question: string, signal: AbortSignal): Promise<boolean>;
  /** Asks for what must not be seen as it is typed. Only where somebody sits. @throws when that somebody leaves */
  askSecret(question: string, signal: AbortSignal): Promise<string>;
}

/** How a long piece of work is told. */
export interface ProgressLine extends Disposable {
  /** @param fraction 0 to 1; absent when nobody knows how long it takes */
  update(state: { readonly step: string; readonly fraction?: number; readonly detail?: string }): void;
  /** The work is done: this stands where the progress was. */
  done(summary: string): void;
}

interface TerminalStreams {
  readonly input: Readable & { readonly isTTY?: boolean; setRawMode?(isRaw: boolean): unknown };
  readonly output: Writable;
  readonly errors: Writable & { readonly isTTY?: boolean; readonly columns?: number };
}

export function createTerminal({ input, output, errors }: TerminalStreams): Terminal {
  const interactive = input.isTTY === true && errors.isTTY === true;
  return {
    interactive,
    print: (line) => void output.write(`${line}\n`),
    note: (line) => void errors.write(`${line}\n`),
    progress: (title) =>
      errors.isTTY === true ? drawnProgress(title, errors) : plainProgress(title, errors),
    async confirm(question, signal) {
      if (!interactive) return false;
      const reader = createInterface({ input, output: errors });
      try {
        return /^y(es)?$/i.test((await reader.question(`${question} [y/N] `, { signal })).trim());
      } finally {
        reader.close();
      }
    },
    askSecret: (question, signal) => askUnseen(question, { input, errors }, signal),
  };
}

/** As a line that is edited like any other, and of which nothing is drawn. */
async function askUnseen(
  question: string,
  { input, errors }: Pick<TerminalStreams, 'input' | 'errors'>,
  signal: AbortSignal,
): Promise<string> {
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input, output: unseen, terminal: true, historySize: 0 });
  const left = new AbortController();
  // With the terminal in raw mode Ctrl-C is a key like any other, and Ctrl-D ends the input.
  reader.once('SIGINT', () => left.abort());
  reader.once('close', () => left.abort());
  errors.write(`${question} `);
  try {
    return await reader.question('', { signal: AbortSignal.any([signal, left.signal]) });
  } catch (cause) {
    signal.throwIfAborted();
    throw new Failure('nothing was entered.', EXIT.interrupted, { cause });
  } finally {
    errors.write('\n');
    reader.close();
  }
}

const BAR = 24;
const CLEAR_LINE = '\r\u001B[K';

/** One line that is drawn again and again, cut to the width of the window. */
function drawnProgress(title: string, errors: TerminalStreams['errors']): ProgressLine {
  let drawn = false;
  return {
    update({ step, fraction, detail }) {
      const line = [title, fraction === undefined ? '…' : bar(fraction), step, detail && `– ${detail}`];
      const text = line.filter(Boolean).join(' ');
      errors.write(CLEAR_LINE + text.slice(0, Math.max(20, (errors.columns ?? 80) - 1)));
      drawn = true;
    },
    done(summary) {
      errors.write(`${drawn ? CLEAR_LINE : ''}${title}: ${summary}\n`);
      drawn = false;
    },
    [Symbol.dispose]() {
      if (drawn) errors.write('\n');
    },
  };
}

function bar(fraction: number): string {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * BAR);
  return `[${'█'.repeat(full)}${'·'.repeat(BAR - full)}] ${percent(fraction)}`;
}

const percent = (fraction: number): string => `${Math.floor(Math.min(1, fraction) * 100)} %`;

/** For logs: a line for every step, none for what goes on within one. */
function plainProgress(title: string, errors: Writable): ProgressLine {
  let step: string | undefined;
  return {
    update(state) {
      if (state.step === step) return;
      step = state.step;
      const share = state.fraction === undefined ? '' : ` (${percent(state.fraction)})`;
      errors.write(`${title}: ${step}${share}\n`);
    },
    done: (summary) => void errors.write(`${title}: ${summary}\n`),
    [Symbol.dispose]() {},
  };
}
