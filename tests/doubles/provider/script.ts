import type { Conversation } from './conversation.ts';

/** What a scripted model wants done, whatever the tools of the agent are called. */
export type Action =
  | { readonly do: 'read'; readonly path: string }
  | { readonly do: 'write'; readonly path: string; readonly content: string }
  /** Of whole lines: some agents know no other edits. */
  | { readonly do: 'edit'; readonly path: string; readonly from: string; readonly to: string }
  | { readonly do: 'run'; readonly command: string }
  | { readonly do: 'search'; readonly pattern: string };

/** One answer of the model; the one without an action is the last of its turn. */
export interface Step {
  readonly text: string;
  readonly action?: Action;
}

/** Paths are relative to the app directory. */
export interface ScriptOptions {
  /** What the scenario `ok` does; {@link creating} a file when absent. */
  readonly ok?: readonly Step[];
  /** What the scenario `bash` runs. */
  readonly command?: string;
}

/** Never ends by itself; agents refuse to merely sleep. */
export const LONG_COMMAND = 'tail -f /dev/null';

export const creating = (path = 'hello.txt'): readonly Step[] => [
  { text: 'Creating the file.', action: { do: 'write', path, content: 'hello\n' } },
  { text: 'Editing it.', action: { do: 'edit', path, from: 'hello', to: 'hello world' } },
  { text: 'Checking.', action: { do: 'run', command: `cat ${path}` } },
  { text: `Done: ${path} says hello world.` },
];

/** For a file that is there already: agents insist on having read what they edit. */
export const changing = (path: string, from: string, to: string): readonly Step[] => [
  { text: 'Reading the file.', action: { do: 'read', path } },
  { text: 'Editing it.', action: { do: 'edit', path, from, to } },
  { text: 'Checking.', action: { do: 'run', command: `cat ${path}` } },
  { text: `Done: ${path} is changed.` },
];

const searching: readonly Step[] = [
  { text: 'Searching.', action: { do: 'search', pattern: 'hello' } },
  { text: 'Searched.' },
];

const running = (command: string): readonly Step[] => [
  { text: 'Running it.', action: { do: 'run', command } },
  { text: 'It ran.' },
];

const remembering = ({ prompts }: Conversation): readonly Step[] => [
  { text: prompts.length > 1 ? `I remember: ${prompts[0]}` : 'I remember nothing.' },
];

/** What the model says next. A request without tools is the agent's own errand, for a title of the session say. */
export function nextStep(scenario: string, options: ScriptOptions, conversation: Conversation): Step {
  if (conversation.tools.length === 0) return { text: 'A short title' };
  const script = scriptOf(scenario, options, conversation);
  const step = script[Math.min(conversation.toolResults, script.length - 1)];
  if (step === undefined) throw new Error(`The script of ${scenario} is empty.`);
  return step;
}

function scriptOf(scenario: string, options: ScriptOptions, conversation: Conversation): readonly Step[] {
  if (scenario === 'bash') return running(options.command ?? LONG_COMMAND);
  if (scenario === 'grep') return searching;
  if (scenario === 'remember') return remembering(conversation);
  return options.ok ?? creating();
}
