/** A clause of the base-image contract that an image breaks. */
export interface ImageFault {
  /** The clause's number in docs/base-image.md. */
  readonly clause: number;
  /** What was wrong, and what would be right. */
  readonly message: string;
}

const FAULT = /^fault (\d+) (.+)$/;
const MAX_SAID = 500;

/** The faults a run of the checks printed. A run that was cut off is a fault itself. */
export function parseFaults(output: string): readonly ImageFault[] {
  const lines = output.split(/\r?\n/);
  const faults = lines.flatMap((line) => {
    const [, clause, message] = FAULT.exec(line) ?? [];
    return message === undefined ? [] : [{ clause: Number(clause), message }];
  });
  if (lines.includes('checked')) return faults;
  const message = `a login shell ("bash -lc") does not work, and every command of a sandbox runs in one: ${lastWords(output)}`;
  return [...faults, { clause: 7, message }];
}

/** What of a program's output tells most, in one line: its error where it names one, else the end. */
export function lastWords(output: string): string {
  const error = output.split(/\r?\n/).find((line) => /Error: |FATAL/.test(line));
  return (error ?? output).trim().slice(-MAX_SAID).replaceAll(/\s+/g, ' ') || 'it says nothing';
}

/** For people, each clause on a line of its own. */
export function describeFaults(image: string, faults: readonly ImageFault[]): string {
  const list = faults.map(({ clause, message }) => `  clause ${clause}: ${message}`);
  return [
    `the image ${image} breaks the base-image contract:`,
    ...list,
    'Mend the image and try again; docs/base-image.md explains the clauses.',
  ].join('\n');
}
