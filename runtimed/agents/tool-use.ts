import { isAbsolute, relative } from 'node:path';
import { MAX_TOOL_OUTPUT, type ToolKind, type ToolProgress } from '../../src/domain/task.ts';

/** A use of a tool as an agent tells of it. */
export interface ToolUse {
  readonly id: string;
  readonly name: string;
  readonly kind: ToolKind;
  readonly status: ToolProgress['status'];
  /** What is run by it. */
  readonly command?: string | undefined;
  /** The file it is about, absolute or relative to the app directory. */
  readonly path?: string | undefined;
  /** What else it is about: a pattern, an address. */
  readonly subject?: string | undefined;
  readonly output?: string | undefined;
}

const MAX_TITLE = 300;
const MAX_NAME = 200;

/** The same for people, with nothing in it that is longer than it may be. */
export function toolProgress(use: ToolUse, directory: string): ToolProgress {
  const path = use.path === undefined ? undefined : pathInApp(use.path, directory);
  return {
    id: use.id.slice(0, MAX_NAME),
    name: use.name.slice(0, MAX_NAME),
    kind: use.kind,
    title: titleOf(use, path).slice(0, MAX_TITLE),
    status: use.status,
    ...(path !== undefined && { path }),
    ...(use.output !== undefined && { output: cut(use.output, use.kind) }),
  };
}

function titleOf({ name, command, subject }: ToolUse, path: string | undefined): string {
  if (command !== undefined) return command;
  const about = path ?? subject;
  const verb = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  return about === undefined ? verb : `${verb} ${about}`;
}

/** Relative to the app directory for what is in it. */
function pathInApp(path: string, directory: string): string {
  if (!isAbsolute(path)) return path;
  const inside = relative(directory, path);
  return inside === '..' || inside.startsWith('../') ? path : inside || '.';
}

/** What a command comes to is at its end; everything else begins with what matters. */
function cut(output: string, kind: ToolKind): string {
  const kept = kind === 'execute' ? output.slice(-MAX_TOOL_OUTPUT) : output.slice(0, MAX_TOOL_OUTPUT);
  return kept.toWellFormed();
}
