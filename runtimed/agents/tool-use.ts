import { isAbsolute, relative } from 'node:path';
import type { ToolKind, ToolProgress } from '../../src/domain/task.ts';

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

/** The same for people, in its whole length: it is cut once there is no secret in it. */
export function toolProgress(use: ToolUse, directory: string): ToolProgress {
  const path = use.path === undefined ? undefined : pathInApp(use.path, directory);
  return {
    id: use.id,
    name: use.name,
    kind: use.kind,
    title: titleOf(use, path),
    status: use.status,
    ...(path !== undefined && { path }),
    ...(use.output !== undefined && { output: use.output.toWellFormed() }),
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
