import { type AgentOverview, viewAgents } from '../../domain/agent-commands.ts';
import { AGENT_IDS } from '../../domain/coding-agent.ts';
import { invalid } from '../../domain/errors.ts';
import type { Ports } from '../../domain/ports.ts';
import type { Task } from '../../domain/task.ts';
import { NewTask } from '../../domain/task-commands.ts';
import * as v from 'valibot';
import type { AgentChoice, PromptBox } from '../../views/task-models.ts';
import type { LiveState } from './live-state.ts';

/** What was sent and could not be done, to be sent again. */
export interface RefusedPrompt {
  readonly form: URLSearchParams;
  readonly problem: string;
}

const NO_KEY = 'no key set';

/** What sending does besides, in the states in which there is something to say. */
const HINTS: Partial<Record<LiveState, string>> = {
  none: 'There is no sandbox yet: sending creates one first.',
  stopped: 'It is asleep: sending wakes it first.',
  paused: 'It is paused: sending lets it go on.',
  error: 'It could not be started: sending tries again.',
  restoring: 'It is being restored: a task can begin when that has ended.',
  unknown: 'Its node is out of reach: a task cannot begin right now.',
};

const WAKES: ReadonlySet<LiveState> = new Set(['none', 'stopped', 'error'] satisfies LiveState[]);

/** @param tasks the app's, newest first: the agent that worked last is offered first */
export async function promptBox(
  ports: Ports,
  owner: string,
  state: LiveState,
  tasks: readonly Task[],
  refused?: RefusedPrompt,
): Promise<PromptBox> {
  const overview = await viewAgents(ports, owner);
  const wanted = refused?.form.get('agent') ?? tasks[0]?.agent;
  const agents = agentChoices(overview, wanted);
  const field = (name: string) => refused?.form.get(name) ?? '';
  return {
    agents,
    canSend: agents.some(({ hindrance }) => hindrance === undefined),
    lacksKey: agents.some(({ hindrance }) => hindrance === NO_KEY),
    isBusy: tasks.some(({ status }) => status === 'running'),
    prompt: field('prompt'),
    model: field('model'),
    minutes: field('minutes'),
    fresh: field('fresh') !== '',
    problem: refused?.problem,
    hint: HINTS[state],
    ...(WAKES.has(state) && { doing: 'Starting' }),
  };
}

function agentChoices(overview: AgentOverview, wanted: string | undefined): AgentChoice[] {
  const choices = overview.agents.map(({ agent: { id, label } }) => ({
    id,
    label,
    hindrance: hindranceOf(overview, id),
  }));
  const open = choices.filter(({ hindrance }) => hindrance === undefined);
  const chosen = open.find(({ id }) => id === wanted) ?? open[0];
  return choices.map(({ id, label, hindrance }) => ({ id, label, hindrance, chosen: id === chosen?.id }));
}

/** Why an agent cannot work; undefined when it can. An image that nobody can be asked about may carry it. */
function hindranceOf({ agents, providers }: AgentOverview, id: string): string | undefined {
  const found = agents.find(({ agent }) => agent.id === id);
  if (found === undefined || found.installed === false) return 'not in the image';
  const isConnected = providers.some(
    ({ provider, connected }) => connected && found.agent.providers.includes(provider.id),
  );
  return isConnected ? undefined : NO_KEY;
}

const FIELDS: Readonly<Record<string, string>> = {
  prompt: 'The prompt',
  agent: 'The agent',
  model: 'The model',
  timeout_s: 'The time limit',
};

/** What a submitted form asks for. @throws invalid_request, in the words of the form */
export async function readPrompt(
  ports: Ports,
  owner: string,
  form: URLSearchParams,
): Promise<v.InferOutput<typeof NewTask>> {
  const model = form.get('model')?.trim() || undefined;
  const parsed = v.safeParse(NewTask, {
    // Forms send every line's end as two characters.
    prompt: (form.get('prompt') ?? '').replaceAll('\r\n', '\n'),
    agent: form.get('agent') ?? undefined,
    model,
    timeout_s: secondsOf(form.get('minutes')?.trim() ?? ''),
    continue: form.get('fresh') === null,
  });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw invalid(`${FIELDS[v.getDotPath(issue) ?? ''] ?? 'The form'} ${issue.message}.`);
  }
  await requireAble(ports, owner, parsed.output.agent);
  return parsed.output;
}

function secondsOf(minutes: string): number {
  if (minutes === '') return 0;
  const seconds = Math.round(Number(minutes) * 60);
  if (seconds >= 1 && seconds <= 86_400) return seconds;
  throw invalid('The time limit must be from 1 to 1440 minutes.');
}

async function requireAble(ports: Ports, owner: string, id: (typeof AGENT_IDS)[number]): Promise<void> {
  const overview = await viewAgents(ports, owner);
  const label = overview.agents.find(({ agent }) => agent.id === id)?.agent.label ?? id;
  const hindrance = hindranceOf(overview, id);
  if (hindrance === NO_KEY) throw invalid(`${label} has no key yet. Set one on the page “Agents”.`);
  if (hindrance !== undefined) throw invalid(`The image of this server does not carry ${label}.`);
}
