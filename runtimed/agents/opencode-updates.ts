import type {
  ContentChunk,
  SessionNotification,
  ToolCall,
  ToolCallContent,
  ToolCallUpdate,
} from '@agentclientprotocol/sdk';
import type { ToolKind } from '../../src/domain/task.ts';
import { BoundedMap } from './bounded-map.ts';
import type { AgentHappening } from './driver.ts';
import { type Fields, fieldsOf, firstText, numberOf, textOf } from './fields.ts';
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

  take({ sessionId, update }: SessionNotification): void {
    if (sessionId !== this.#session) return;
    if (update.sessionUpdate === 'agent_message_chunk') this.#message(update);
    if (update.sessionUpdate === 'tool_call') this.#open(update);
    if (update.sessionUpdate === 'tool_call_update') this.#proceed(update);
  }

  #message({ messageId, content }: ContentChunk): void {
    if (content.type !== 'text' || content.text === '') return;
    const { text } = content;
    const id = textOf(messageId) ?? 'message';
    this.#last.add(id, text);
    this.#tell({ type: 'message', data: { id, text } });
  }

  /** Its title is the tool's name until its input is known. */
  #open({ toolCallId, title, kind, rawInput }: ToolCall): void {
    this.#tools.set(toolCallId, {
      name: textOf(title) ?? 'tool',
      kind: KINDS[kind ?? ''] ?? 'other',
      input: fieldsOf(rawInput),
    });
  }

  #proceed(update: ToolCallUpdate): void {
    const id = update.toolCallId;
    const status = STATUSES[update.status ?? ''];
    const tool = this.#tools.get(id);
    if (status === undefined || tool === undefined) return;
    const input = update.rawInput === undefined ? tool.input : fieldsOf(update.rawInput);
    const use = useOf({ ...tool, input }, status, update);
    const progress = toolProgress(use, this.#directory);
    // A running command is told of anew with each piece of its output: that comes whole in the end.
    if (status !== 'running') this.#tools.delete(id);
    else if (progress.title === tool.told) return;
    else this.#tools.set(id, { ...tool, input, told: progress.title });
    this.#tell({ type: 'tool', data: progress });
  }
}

function useOf(tool: OpenTool, status: ToolUse['status'], update: ToolCallUpdate): ToolUse {
  const { name, kind, input } = tool;
  const exit = numberOf(fieldsOf(fieldsOf(update.rawOutput)['metadata'])['exit']);
  return {
    id: update.toolCallId,
    name,
    kind,
    // A command that fails is a use of the tool that succeeds, to opencode.
    status: status === 'completed' && exit !== undefined && exit !== 0 ? 'failed' : status,
    command: textOf(input['command']),
    path: firstText(input['filePath'], input['path']),
    subject: firstText(input['pattern'], input['url'], input['query'], input['description']),
    output: status === 'running' ? undefined : outputOf(update),
  };
}

function outputOf({ content, rawOutput }: ToolCallUpdate): string | undefined {
  const { output, error } = fieldsOf(rawOutput);
  return firstText((content ?? []).flatMap(textIn).join('\n'), output, error);
}

const textIn = (part: ToolCallContent): string[] =>
  part.type === 'content' && part.content.type === 'text' && part.content.text !== ''
    ? [part.content.text]
    : [];
