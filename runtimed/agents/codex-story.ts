import type { ToolKind } from '../../src/domain/task.ts';
import type { AgentHappening, AgentVerdict } from './driver.ts';
import { type Fields, fieldsOf, firstText, listOf, numberOf, parseLine, textOf } from './fields.ts';
import { LastMessage } from './last-message.ts';
import { type ToolUse, toolProgress } from './tool-use.ts';

const STATUSES: Readonly<Record<string, ToolUse['status']>> = {
  in_progress: 'running',
  completed: 'completed',
  failed: 'failed',
  declined: 'failed',
};

/** One turn of Codex as it is told, line by line. */
export class CodexStory {
  readonly #directory: string;
  readonly #tell: (happening: AgentHappening) => void;
  readonly #last = new LastMessage();
  #session: string | undefined;
  /** The last thing it complained of: it goes on after most. */
  #complaint: string | undefined;
  #ok = false;

  constructor(directory: string, tell: (happening: AgentHappening) => void) {
    this.#directory = directory;
    this.#tell = tell;
  }

  /** Answers true for the last line of the turn. */
  take(line: Fields): boolean {
    const item = fieldsOf(line['item']);
    switch (line['type']) {
      case 'thread.started':
        this.#session = textOf(line['thread_id']);
        return false;
      case 'item.started':
      case 'item.completed':
        this.#item(item, line['type'] === 'item.completed');
        return false;
      case 'error':
        this.#complaint = textOf(line['message']);
        return false;
      case 'turn.failed':
        this.#complaint = textOf(fieldsOf(line['error'])['message']) ?? this.#complaint;
        return true;
      case 'turn.completed':
        this.#ok = true;
        return true;
      default:
        return false;
    }
  }

  verdict(): AgentVerdict {
    const finalMessage = this.#last.text;
    return {
      ok: this.#ok,
      ...(!this.#ok && { error: reasonOf(this.#complaint) }),
      ...(this.#session !== undefined && { session: this.#session }),
      ...(finalMessage !== undefined && { finalMessage }),
    };
  }

  #item(item: Fields, completed: boolean): void {
    const id = textOf(item['id']);
    if (id === undefined) return;
    const text = textOf(item['text']);
    if (item['type'] === 'agent_message' && completed && text !== undefined) {
      this.#last.add(id, text);
      this.#tell({ type: 'message', data: { id, text } });
    }
    for (const use of usesOf(id, item, completed)) {
      this.#tell({ type: 'tool', data: toolProgress(use, this.#directory) });
    }
  }
}

function usesOf(id: string, item: Fields, completed: boolean): ToolUse[] {
  const status = STATUSES[textOf(item['status']) ?? ''] ?? (completed ? 'completed' : 'running');
  switch (item['type']) {
    case 'command_execution':
      return [commandUse(id, item, status)];
    case 'file_change':
      return fileUses(id, item, status);
    case 'mcp_tool_call':
      return [
        { id, name: textOf(item['tool']) ?? 'tool', kind: 'other', status, subject: textOf(item['server']) },
      ];
    case 'web_search':
      return [{ id, name: 'search the web', kind: 'fetch', status, subject: textOf(item['query']) }];
    default:
      return [];
  }
}

function commandUse(id: string, item: Fields, status: ToolUse['status']): ToolUse {
  const exit = numberOf(item['exit_code']);
  return {
    id,
    name: 'shell',
    kind: 'execute',
    status: status === 'completed' && exit !== undefined && exit !== 0 ? 'failed' : status,
    command: unwrapped(textOf(item['command']) ?? 'command'),
    output: textOf(item['aggregated_output']),
  };
}

const CHANGES: Readonly<Record<string, string>> = { add: 'write', update: 'edit', delete: 'delete' };
const CHANGE_KIND: ToolKind = 'edit';

/** One change may be of many files: each is told of by itself. */
const fileUses = (id: string, { changes }: Fields, status: ToolUse['status']): ToolUse[] =>
  listOf(changes).map((change, index) => {
    const { path, kind } = fieldsOf(change);
    const name = CHANGES[textOf(kind) ?? ''] ?? 'edit';
    return { id: `${id}:${index}`, name, kind: CHANGE_KIND, status, path: textOf(path) };
  });

const SHELL = /^\S*sh -l?c ([^]+)$/;
const QUOTED = /^(['"])([^]*)\1$/;

/** What it has the shell do, without the shell. */
function unwrapped(command: string): string {
  const inner = SHELL.exec(command)?.[1] ?? command;
  const [, quote, text] = QUOTED.exec(inner) ?? [];
  if (inner === command || text === undefined) return inner;
  return quote === "'" ? text.replaceAll(`'\\''`, "'") : text.replaceAll(/\\(["\\$`])/g, '$1');
}

/** Its own notes on a request. */
const NOTES = /, url: [^]*$/;

/** The provider's words, where they are in an answer that is told as it came. */
function reasonOf(complaint: string | undefined): string {
  if (complaint === undefined) return 'Codex stopped before the end of its turn.';
  const answer = parseLine(complaint.slice(complaint.indexOf('{')));
  return firstText(fieldsOf(answer['error'])['message']) ?? complaint.replace(NOTES, '');
}
