import { MAX_TOOL_OUTPUT } from '../../src/domain/task.ts';
import type { AgentHappening } from '../agents/driver.ts';

/** Characters. */
const MAX_MESSAGE_PIECE = 64 * 1024;
const MAX_NAME = 200;
const MAX_TITLE = 300;
const MAX_PATH = 4096;

/** What an agent tells, in events of a sensible size: nothing of a message is lost, what belongs to a tool is cut. */
export function bounded(happening: AgentHappening): AgentHappening[] {
  if (happening.type === 'message') {
    const { id, text } = happening.data;
    return pieces(text).map((text) => ({ type: 'message', data: { id: id.slice(0, MAX_NAME), text } }));
  }
  const { data } = happening;
  const { id, name, kind, title, path, output } = data;
  // What a command comes to is at its end; everything else begins with what matters.
  const outputOf = kind === 'execute' ? tailOf : shortened;
  const cut = {
    ...data,
    id: id.slice(0, MAX_NAME),
    name: name.slice(0, MAX_NAME),
    title: shortened(title, MAX_TITLE),
    ...(path !== undefined && { path: path.slice(0, MAX_PATH) }),
    ...(output !== undefined && { output: outputOf(output, MAX_TOOL_OUTPUT) }),
  };
  return [{ type: 'tool', data: cut }];
}

/** The beginning of a text, which says that it goes on. */
export const shortened = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;

/** The end of a text, which says that there is more before. */
export const tailOf = (text: string, length: number): string =>
  text.length <= length ? text : `…${text.slice(1 - length).replace(/^[\uDC00-\uDFFF]/, '')}`;

function pieces(text: string): string[] {
  const found: string[] = [];
  for (let from = 0; from < text.length; ) {
    // A pair that is cut in two would be two broken characters.
    const end = from + MAX_MESSAGE_PIECE;
    const isSplit = end < text.length && /[\uD800-\uDBFF]/.test(text.charAt(end - 1));
    const to = isSplit ? end - 1 : end;
    found.push(text.slice(from, to));
    from = to;
  }
  return found;
}
