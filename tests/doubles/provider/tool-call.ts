import { join } from 'node:path';
import type { Conversation } from './conversation.ts';
import type { Action } from './script.ts';

/** The use of a tool that an agent offers: JSON arguments, or text for one that takes it as it is. */
export interface ToolCall {
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>> | string;
}

/** Milliseconds after which Codex goes on beside a command that has not ended: it waits no longer than this. */
const LONGEST_WAIT = 30_000;

type Naming = readonly [name: string, input: (action: Record<string, string>) => ToolCall['input']];

/** Under which names the agents offer what does an action, and what they call its arguments. */
const NAMINGS: Readonly<Record<Action['do'], readonly Naming[]>> = {
  read: [
    ['Read', ({ path }) => ({ file_path: path })],
    ['read', ({ path }) => ({ filePath: path })],
  ],
  write: [
    ['Write', ({ path, content }) => ({ file_path: path, content })],
    ['write', ({ path, content }) => ({ filePath: path, content })],
  ],
  edit: [
    ['Edit', ({ path, from, to }) => ({ file_path: path, old_string: from, new_string: to })],
    ['edit', ({ path, from, to }) => ({ filePath: path, oldString: from, newString: to })],
  ],
  search: [
    ['Grep', ({ pattern }) => ({ pattern })],
    ['grep', ({ pattern }) => ({ pattern })],
  ],
  run: [
    ['Bash', ({ command }) => ({ command, description: 'Runs it' })],
    ['bash', ({ command }) => ({ command, description: 'Runs it' })],
    ['exec_command', ({ command }) => ({ cmd: command, yield_time_ms: LONGEST_WAIT })],
    ['shell_command', ({ command }) => ({ command })],
    ['shell', ({ command }) => ({ command: ['bash', '-lc', command] })],
    ['exec', ({ command }) => codeRunning(command ?? '')],
  ],
};

/** For an agent whose model writes programs that use its tools. */
const codeRunning = (command: string): string =>
  `const r = await tools.exec_command(${JSON.stringify({ cmd: command, yield_time_ms: LONGEST_WAIT })});
text(r.output ?? JSON.stringify(r));`;

/** @throws when the agent offers nothing that could do it */
export function callFor(action: Action, conversation: Conversation): ToolCall {
  const { directory, tools } = conversation;
  const named = 'path' in action ? { ...action, path: join(directory, action.path) } : action;
  for (const [name, input] of NAMINGS[action.do]) {
    if (tools.some((tool) => tool.name === name)) return { name, input: input({ ...named }) };
  }
  if (action.do === 'run')
    throw new Error(`No shell among the tools: ${tools.map(({ name }) => name).join(', ')}`);
  return byOtherMeans(action, conversation);
}

function byOtherMeans(action: Exclude<Action, { do: 'run' }>, conversation: Conversation): ToolCall {
  if (action.do === 'read') return callFor({ do: 'run', command: `cat ${action.path}` }, conversation);
  if (action.do === 'search') return callFor({ do: 'run', command: `rg ${action.pattern}` }, conversation);
  const patch = patchFor(action);
  const tool = conversation.tools.find(({ name }) => name === 'apply_patch');
  if (tool?.freeform) return { name: tool.name, input: patch };
  if (tool !== undefined) return { name: tool.name, input: { patchText: patch, input: patch } };
  return callFor({ do: 'run', command: `apply_patch <<'END'\n${patch}\nEND\n` }, conversation);
}

function patchFor(action: Extract<Action, { do: 'write' | 'edit' }>): string {
  const body =
    action.do === 'write'
      ? [`*** Add File: ${action.path}`, ...marked('+', action.content)]
      : [`*** Update File: ${action.path}`, '@@', ...marked('-', action.from), ...marked('+', action.to)];
  return ['*** Begin Patch', ...body, '*** End Patch'].join('\n');
}

const marked = (mark: string, text: string): string[] =>
  text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => `${mark}${line}`);
