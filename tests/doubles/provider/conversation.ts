/** The three ways to talk to a model: what a request in each of them says, as one thing. */
export const DIALECTS = ['chat', 'responses', 'messages'] as const;
export type Dialect = (typeof DIALECTS)[number];

export interface OfferedTool {
  readonly name: string;
  /** Takes text as it is in place of JSON. */
  readonly freeform: boolean;
}

/** What has been said so far. */
export interface Conversation {
  /** What the user asked for, turn by turn; what agents add of their own is left out. */
  readonly prompts: readonly string[];
  readonly tools: readonly OfferedTool[];
  /** Tools used since the last prompt. */
  readonly toolResults: number;
  /** Where the agent works, as far as it told. */
  readonly directory: string;
}

export interface ProviderRequestBody {
  readonly model?: string;
  readonly stream?: boolean;
  readonly tools?: readonly RequestedTool[];
  readonly messages?: readonly Message[];
  readonly input?: readonly Message[] | string;
}

interface RequestedTool {
  readonly type?: string;
  readonly name?: string;
  readonly function?: { readonly name: string };
  /** Of a namespace. */
  readonly tools?: readonly RequestedTool[];
}

interface Message {
  readonly type?: string;
  readonly role?: string;
  readonly content?: string | readonly Part[];
  /** Of tools that are offered in the course of the conversation. */
  readonly tools?: readonly RequestedTool[];
}

interface Part {
  readonly type: string;
  readonly text?: string;
}

const PATHS: readonly (readonly [suffix: string, dialect: Dialect])[] = [
  ['/v1/chat/completions', 'chat'],
  ['/v1/responses', 'responses'],
  ['/v1/messages', 'messages'],
];

export const dialectOf = (path: string): Dialect | undefined =>
  PATHS.find(([suffix]) => path === suffix)?.[1];

const DIRECTORY = /(?:[Ww]orking directory|<cwd>)[: ]*([^\\<"]+)/;

export function readConversation(body: ProviderRequestBody): Conversation {
  const prompts: string[] = [];
  let toolResults = 0;
  for (const message of messagesOf(body)) {
    const prompt = promptOf(message);
    if (prompt !== '') {
      prompts.push(prompt);
      toolResults = 0;
    }
    toolResults += resultsIn(message);
  }
  return {
    prompts,
    tools: [body, ...messagesOf(body)].flatMap(({ tools = [] }) => tools.flatMap(offered)),
    toolResults,
    directory: DIRECTORY.exec(JSON.stringify(body))?.[1]?.trim() ?? '.',
  };
}

function messagesOf({ messages, input }: ProviderRequestBody): readonly Message[] {
  if (typeof input === 'string') return [{ role: 'user', content: input }];
  return messages ?? input ?? [];
}

function offered({ type, name, function: inner, tools }: RequestedTool): OfferedTool[] {
  if (tools !== undefined) return tools.flatMap(offered);
  return [{ name: inner?.name ?? name ?? type ?? '', freeform: type === 'custom' }];
}

const partsOf = ({ content }: Message): readonly Part[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? []);

/** Empty for a message that is no prompt. Agents put what they add, the environment say, in elements. */
function promptOf(message: Message): string {
  if (message.role !== 'user') return '';
  const texts = partsOf(message).map(({ text }) => text?.trim() ?? '');
  return texts.filter((text) => !text.startsWith('<') && !text.startsWith('# AGENTS.md')).join('');
}

function resultsIn(message: Message): number {
  if (message.role === 'tool' || message.type?.endsWith('_call_output')) return 1;
  return partsOf(message).filter(({ type }) => type === 'tool_result').length;
}
