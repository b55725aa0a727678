import type { MarkdownBlock, MarkdownSpan } from '../../views/task-models.ts';

/** In characters. What is not closed within them is text: no input takes long to read. */
const LONGEST_SPAN = 500;

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const HEADING = /^#{1,6}\s+(\S.*)$/;
const ITEM = /^\s*(?:[-*+]|(\d{1,9})[.)])\s+(.*)$/;

const ADDRESS = '[^\\s()<>"\'`\\[\\]]';
const SPANS = new RegExp(
  [
    `\`(?<code>[^\`\\n]{1,${LONGEST_SPAN}})\``,
    `\\*\\*(?<strong>[^*\\n]{1,${LONGEST_SPAN}})\\*\\*`,
    `\\[(?<label>[^[\\]\\n]{1,200})\\]\\((?<target>https?://[^\\s()<>]{1,${LONGEST_SPAN}})\\)`,
    // What ends a sentence does not end an address.
    `(?<bare>https?://${ADDRESS}{0,${LONGEST_SPAN}}(?![.,;:!?*])${ADDRESS})`,
  ].join('|'),
  'gi',
);

/**
 * What an agent writes, as the few kinds of blocks that its messages are made of: paragraphs, headings, lists and code.
 * The result is text and kinds, never markup: templates decide what becomes of each, and escape it.
 */
export function markdownBlocks(source: string): MarkdownBlock[] {
  const lines = source
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/[^\P{Cc}\n\t]/gu, '')
    .split('\n');
  const blocks: MarkdownBlock[] = [];
  let at = 0;
  while (at < lines.length) {
    const { block, next } = blockAt(lines, at);
    if (block !== undefined) blocks.push(block);
    at = next;
  }
  return blocks;
}

interface Read {
  readonly block?: MarkdownBlock;
  /** The line after it. */
  readonly next: number;
}

function blockAt(lines: readonly string[], at: number): Read {
  const line = lines[at] ?? '';
  if (line.trim() === '') return { next: at + 1 };
  const [, fence] = FENCE.exec(line) ?? [];
  if (fence !== undefined) return codeAt(lines, at, fence);
  const [, heading] = HEADING.exec(line) ?? [];
  if (heading !== undefined) return { block: { kind: 'heading', spans: spansOf(heading) }, next: at + 1 };
  return ITEM.test(line) ? listAt(lines, at) : paragraphAt(lines, at);
}

/** Up to the fence that closes it; one that is still being written goes to the end. */
function codeAt(lines: readonly string[], at: number, fence: string): Read {
  const closes = (line: string) =>
    line.trim().startsWith(fence) && line.trim().replaceAll(fence[0] ?? '', '') === '';
  const found = lines.findIndex((line, index) => index > at && closes(line));
  const end = found === -1 ? lines.length : found;
  return { block: { kind: 'code', text: lines.slice(at + 1, end).join('\n') }, next: end + 1 };
}

/** Consecutive items; a line that is none and begins with a space goes on with the one before. */
function listAt(lines: readonly string[], at: number): Read {
  const [, number] = ITEM.exec(lines[at] ?? '') ?? [];
  const texts: string[] = [];
  let next = at;
  for (; next < lines.length; next += 1) {
    const line = lines[next] ?? '';
    const [, itemNumber, text] = ITEM.exec(line) ?? [];
    if (text !== undefined && (itemNumber === undefined) === (number === undefined)) texts.push(text);
    else if (text === undefined && /^\s+\S/.test(line)) texts.push(`${texts.pop()}\n${line.trim()}`);
    else break;
  }
  const first = number === undefined ? undefined : Number(number);
  return { block: { kind: 'list', first, items: texts.map(spansOf) }, next };
}

function paragraphAt(lines: readonly string[], at: number): Read {
  let next = at + 1;
  while (next < lines.length && continues(lines[next] ?? '')) next += 1;
  return { block: { kind: 'paragraph', spans: spansOf(lines.slice(at, next).join('\n')) }, next };
}

const continues = (line: string): boolean =>
  line.trim() !== '' && !FENCE.test(line) && !HEADING.test(line) && !ITEM.test(line);

function spansOf(text: string): MarkdownSpan[] {
  const spans: MarkdownSpan[] = [];
  let end = 0;
  for (const match of text.matchAll(SPANS)) {
    if (match.index > end) spans.push({ kind: 'text', text: text.slice(end, match.index) });
    spans.push(spanOf(match.groups ?? {}, match[0]));
    end = match.index + match[0].length;
  }
  if (end < text.length) spans.push({ kind: 'text', text: text.slice(end) });
  return spans;
}

function spanOf({ code, strong, label, target, bare }: Record<string, string>, whole: string): MarkdownSpan {
  if (code !== undefined) return { kind: 'code', text: code };
  if (strong !== undefined) return { kind: 'strong', text: strong };
  const href = target ?? bare;
  if (href === undefined || !URL.canParse(href)) return { kind: 'text', text: whole };
  return { kind: 'link', text: label ?? href, href };
}
