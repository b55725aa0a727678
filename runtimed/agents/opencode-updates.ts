import type { ToolKind } from '../../src/domain/task.ts';
import { BoundedMap } from './bounded-map.ts';
import type { AgentHappening } from './driver.ts';
import { type Fields, fieldsOf, firstText, listOf, numberOf, textOf } from './fields.ts';
import { LastMessage } from './last-message.ts';
import { type ToolUse, toolProgress } from './tool-use.ts';

/** Uses of tools at a time. */
const MAX_TOOLS = 1000;

const KINDS: Readonly<Record<string, ToolKind>> = {
  read: 'read',
  edit: 'edit',
  delete: 'edit',
  move: 'edit',
  search: 'search',
  execute: 'execute',
  fetch: 'fetch',
};

const STATUSES: Readonly<Record<string, ToolUse['status']>> = {
  in_progress: 'running',
  completed: 'completed',
  failed: 'failed',
};

/** What is known of a tool that runs: not every update says all of it. */
interface OpenTool {
  readonly name: string;
  readonly kind: ToolKind;
  readonly input: Fields;
  readonly told?: string;
}

/** Turns the session updates of ACP into what happens. */
export class OpencodeUpdates {
  readonly #directory: string;
  readonly #tell: (happening: AgentHappening) => void;
  readonly #tools = new BoundedMap<OpenTool>(MAX_TOOLS);
  readonly #last = new LastMessage();
  #session: string | undefined;

  constructor(directory: string, tell: (happening: AgentHappening) => void) {
    this.#directory = directory;
    this.#tell = tell;
  }

  /** From now on, and of this session: one that is loaded is told again from its beginning before that. */
  follow(session: string): void {
    this.#session = session;
  }

  said(): { readonly finalMessage?: string } {
    const finalMessage = this.#last.text;
    return finalMessage === undefined ? {} : { finalMessage };
  }

  take({ sessionId, update }: Fields): void {
    if (this.#session === undefined || sessionId !== this.#session) return;
    const fields = fieldsOf(update);
    if (fields['sessionUpdate'] === 'agent_message_chunk') this.#message(fields);
    if (fields['sessionUpdate'] === 'tool_call') this.#open(fields);
    if (fields['sessionUpdate'] === 'tool_call_update') this.#proceed(fields);
  }

  #message({ messageId, content }: Fields): void {
    const text = textOf(fieldsOf(content)['text']);
    if (text === undefined) return;
    const id = textOf(messageId) ?? 'message';
    this.#last.add(id, text);
    this.#tell({ type: 'message', data: { id, text } });
  }

  /** Its title is the tool's name until its input is known. */
  #open({ toolCallId, title, kind, rawInput }: Fields): void {
    const id = textOf(toolCallId);
    if (id === undefined) return;
    this.#tools.set(id, { name: textOf(title) ?? 'tool', kind: kindOf(kind), input: fieldsOf(rawInput) });
  }

  #proceed(fields: Fields): void {
    const id = textOf(fields['toolCallId']);
    const status = STATUSES[textOf(fields['status']) ?? ''];
    const tool = id === undefined ? undefined : this.#tools.get(id);
    if (id === undefined || status === undefined || tool === undefined) return;
    const input = fields['rawInput'] === undefined ? tool.input : fieldsOf(fields['rawInput']);
    const use = useOf(id, { ...tool, input }, status, fields);
    const progress = toolProgress(use, this.#directory);
    // A running command is told of anew with each piece of its output: that comes whole in the end.
    if (status !== 'running') this.#tools.delete(id);
    else if (progress.title === tool.told) return;
    else this.#tools.set(id, { ...tool, input, told: progress.title });
    this.#tell({ type: 'tool', data: progress });
  }
}

const kindOf = (kind: unknown): ToolKind => KINDS[textOf(kind) ?? ''] ?? 'other';

function useOf(id: string, tool: OpenTool, status: ToolUse['status'], fields: Fields): ToolUse {
  const { name, kind, input } = tool;
  const exit = numberOf(fieldsOf(fieldsOf(fields['rawOutput'])['metadata'])['exit']);
  return {
    id,
    name,
    kind,
    // A command that fails is a use of the tool that succeeds, to opencode.
    status: status === 'completed' && exit !== undefined && exit !== 0 ? 'failed' : status,
    command: textOf(input['command']),
    path: firstText(input['filePath'], input['path']),
    subject: firstText(input['pattern'], input['url'], input['query'], input['description']),
    output: status === 'running' ? undefined : outputOf(fields),
  };
}

function outputOf({ content, rawOutput }: Fields): string | undefined {
  const texts = listOf(content).map((part) => textOf(fieldsOf(fieldsOf(part)['content'])['text']));
  const { output, error } = fieldsOf(rawOutput);
  return firstText(texts.filter((text) => text !== undefined).join('\n'), output, error);
}
