import type { ToolKind } from '../../src/domain/task.ts';
import { BoundedMap } from './bounded-map.ts';
import type { AgentHappening, AgentVerdict } from './driver.ts';
import { type Fields, fieldsOf, firstText, listOf, numberOf, textOf } from './fields.ts';
import { LastMessage } from './last-message.ts';
import { type ToolUse, toolProgress } from './tool-use.ts';

/** Uses of tools at a time. */
const MAX_TOOLS = 1000;

const KINDS: Readonly<Record<string, ToolKind>> = {
  Read: 'read',
  Edit: 'edit',
  Write: 'edit',
  NotebookEdit: 'edit',
  Bash: 'execute',
  Glob: 'search',
  Grep: 'search',
  WebFetch: 'fetch',
  WebSearch: 'fetch',
};

type OpenTool = Omit<ToolUse, 'status' | 'output'>;

/** One turn of Claude Code as it is told, line by line. */
export class ClaudeStory {
  readonly #directory: string;
  readonly #tell: (happening: AgentHappening) => void;
  readonly #tools = new BoundedMap<OpenTool>(MAX_TOOLS);
  readonly #last = new LastMessage();
  #session: string | undefined;
  #result: Fields | undefined;

  constructor(directory: string, tell: (happening: AgentHappening) => void) {
    this.#directory = directory;
    this.#tell = tell;
  }

  /** Answers true for the last line of the turn. */
  take(line: Fields): boolean {
    this.#session = textOf(line['session_id']) ?? this.#session;
    const message = fieldsOf(line['message']);
    for (const part of listOf(message['content']).map(fieldsOf)) {
      if (line['type'] === 'assistant') this.#said(part, message, line['parent_tool_use_id']);
      else if (line['type'] === 'user') this.#ended(part);
    }
    if (line['type'] !== 'result') return false;
    this.#result = line;
    return true;
  }

  verdict(): AgentVerdict {
    const ending = this.#result === undefined ? UNFINISHED : endingOf(this.#result);
    const cost = costOf(this.#result);
    const finalMessage = this.#last.text;
    return {
      ...ending,
      ...(this.#session !== undefined && { session: this.#session }),
      ...(finalMessage !== undefined && { finalMessage }),
      ...(cost !== undefined && { reportedCost: cost }),
    };
  }

  /** @param parent what an agent of this agent works for: it talks to that one, not to people */
  #said(part: Fields, message: Fields, parent: unknown): void {
    const text = textOf(part['text']);
    if (part['type'] === 'tool_use') this.#begun(part);
    if (part['type'] !== 'text' || text === undefined || textOf(parent) !== undefined) return;
    // What it puts into the mouth of a model that could not be reached.
    if (message['model'] === '<synthetic>') return;
    const id = textOf(message['id']) ?? 'message';
    this.#last.add(id, text);
    this.#tell({ type: 'message', data: { id, text } });
  }

  #begun({ id, name, input }: Fields): void {
    const key = textOf(id);
    if (key === undefined) return;
    const use = useOf(key, textOf(name) ?? 'tool', fieldsOf(input));
    this.#tools.set(key, use);
    this.#tell({ type: 'tool', data: toolProgress({ ...use, status: 'running' }, this.#directory) });
  }

  #ended({ type, tool_use_id, content, is_error }: Fields): void {
    const key = textOf(tool_use_id);
    const use = key === undefined ? undefined : this.#tools.get(key);
    if (type !== 'tool_result' || key === undefined || use === undefined) return;
    this.#tools.delete(key);
    const status = is_error === true ? 'failed' : 'completed';
    const ended = { ...use, status, output: outputOf(content) } as const;
    this.#tell({ type: 'tool', data: toolProgress(ended, this.#directory) });
  }
}

const UNFINISHED = { ok: false, error: 'Claude Code stopped before the end of its turn.' } as const;

/** A provider that turns it away is a success to Claude Code, with an error in it. */
function endingOf({ subtype, is_error, result, errors }: Fields): { ok: boolean; error?: string } {
  if (subtype === 'success' && is_error === false) return { ok: true };
  const error =
    firstText(result, ...listOf(errors)) ?? `Claude Code stopped: ${textOf(subtype) ?? 'no reason'}.`;
  return { ok: false, error };
}

/** Of this turn: its total counts the earlier turns of the session as well. */
function costOf(result: Fields | undefined): number | undefined {
  const models = Object.values(fieldsOf(result?.['model_usage_since_last_result']));
  const costs = models.map((usage) => numberOf(fieldsOf(usage)['costUSD']) ?? 0);
  return result === undefined ? undefined : costs.reduce((sum, cost) => sum + cost, 0);
}

const useOf = (id: string, name: string, input: Fields): OpenTool => ({
  id,
  name,
  kind: KINDS[name] ?? 'other',
  command: textOf(input['command']),
  path: firstText(input['file_path'], input['notebook_path']),
  subject: firstText(input['pattern'], input['url'], input['query'], input['description']),
});

/** Text, or parts of which some are text. */
function outputOf(content: unknown): string | undefined {
  const parts = listOf(content).map((part) => textOf(fieldsOf(part)['text']));
  return firstText(content, parts.filter((part) => part !== undefined).join('\n'));
}
