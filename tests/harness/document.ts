import { readFile } from 'node:fs/promises';

/** A fenced block of a document: "```js server.js" is a block of the language `js` with the title `server.js`. */
export interface Fence {
  readonly language: string;
  /** The rest of the opening line. */
  readonly title: string;
  readonly text: string;
}

/** One part of a document, from a heading of the second or third level to the next. */
export interface Section {
  readonly title: string;
  readonly text: string;
  readonly fences: readonly Fence[];
}

const FENCE = /^```(\w+) ?(.*)\n([\s\S]*?)^```$/gm;
/** A heading, not a comment in a fenced block: those before it are closed. */
const HEADING = /^#{2,3} (.*)$/;

/** @param name of a file in `docs` */
export async function readDocument(name: string): Promise<readonly Section[]> {
  const text = await readFile(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
  const sections: { title: string; lines: string[] }[] = [];
  let isFenced = false;
  for (const line of text.split('\n')) {
    if (line.startsWith('```')) isFenced = !isFenced;
    const title = isFenced ? undefined : HEADING.exec(line)?.[1];
    if (title === undefined) sections.at(-1)?.lines.push(line);
    else sections.push({ title, lines: [] });
  }
  return sections.map(({ title, lines }) => ({ title, text: lines.join('\n'), fences: fencesOf(lines) }));
}

/** The files a section shows: blocks whose title is a path. */
export const filesOf = ({ fences }: Section): Record<string, string> =>
  Object.fromEntries(fences.filter(({ title }) => title !== '').map(({ title, text }) => [title, text]));

const fencesOf = (lines: readonly string[]): Fence[] =>
  [...lines.join('\n').matchAll(FENCE)].map(([, language = '', title = '', text = '']) => ({
    language,
    title,
    text,
  }));

/** The body of a section's first table, without the marks of code. */
export const rowsOf = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .slice(1, -1)
        .split(' | ')
        .map((cell) => cell.replaceAll('`', '').trim()),
    );
