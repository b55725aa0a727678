const ESC = String.fromCharCode(0x1b);
const BEL = String.fromCharCode(0x07);
const CSI = String.fromCharCode(0x9b);

/** What programs send to terminals besides text: titles and links, colours and cursors, all else. */
const SEQUENCES = [
  new RegExp(`${ESC}[\\]P^_X][^${BEL}${ESC}]*(?:${BEL}|${ESC}\\\\)`, 'g'),
  new RegExp(`(?:${ESC}\\[|${CSI})[0-?]*[ -/]*[@-~]`, 'g'),
  new RegExp(`${ESC}[ -/]*[0-~]`, 'g'),
  /[^\P{Cc}\t]/gu,
];

/** In characters. */
const MAX_LENGTH = 2000;

/** A line of a program's output as plain text: of a line that overwrites itself, what a terminal would show last. */
export function plainLine(line: string): string {
  const shown = line.trimEnd().split('\r').at(-1) ?? '';
  const text = SEQUENCES.reduce((rest, sequence) => rest.replace(sequence, ''), shown);
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text;
}

/** Several lines of it. */
export const plainText = (text: string): string => text.split('\n').map(plainLine).join('\n');
