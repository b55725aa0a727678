import { request } from 'undici';
import type { AgentId } from '../../src/domain/coding-agent.ts';
import type { ProviderId } from '../../src/domain/provider.ts';
import { changing, LONG_COMMAND } from '../doubles/provider/script.ts';
import { modelFor, type ScriptedProvider, startScriptedProvider } from '../doubles/scripted-provider.ts';
import { Installation } from './installation.ts';

/** Whom each agent talks to here: each its own, so that they can be worked with side by side. */
export const PROVIDER_OF: Readonly<Record<AgentId, ProviderId>> = {
  opencode: 'openai-compatible',
  'claude-code': 'anthropic',
  codex: 'openai',
};

const URL_VARIABLES: Readonly<Partial<Record<ProviderId, string>>> = {
  'openai-compatible': 'SANDBOXD_OPENAI_COMPATIBLE_URL',
  anthropic: 'SANDBOXD_ANTHROPIC_URL',
  openai: 'SANDBOXD_OPENAI_URL',
};

/** What agents write into the app: a whole line of it, since Codex replaces whole lines. */
export const EDITED = 'It was changed by an agent';

/** The key that the node holds, of which no trace may be found anywhere else. */
export const KEY = 'sk-fake-0123456789-only-for-tests';

export interface TaskResult {
  id: string;
  status: 'running' | 'succeeded' | 'failed' | 'cancelled';
  failure_reason?: string;
  error_message?: string;
  files_changed: string[];
  agent_message_final?: string;
  build_status: string;
  build_ok: boolean;
  preview_status_after: string;
  preview_ok?: boolean;
  app_healthy: boolean;
  checkpoint_id?: string;
  duration_ms: number;
  tokens: Record<string, number>;
}

export interface PublicEvent {
  readonly id: number;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

const never: (event: PublicEvent) => boolean = () => false;

/** An installation with a scripted provider for each agent. */
export class AgentBench implements AsyncDisposable {
  readonly site: Installation;
  readonly #providers: ReadonlyMap<AgentId, ScriptedProvider>;

  private constructor(site: Installation, providers: ReadonlyMap<AgentId, ScriptedProvider>) {
    this.site = site;
    this.#providers = providers;
  }

  static async make(
    agents: readonly AgentId[],
    { env = {}, hasKeys = true }: { env?: Record<string, string>; hasKeys?: boolean } = {},
  ): Promise<AgentBench> {
    const ok = changing('src/App.tsx', '        It runs', `        ${EDITED}`);
    const started = agents.map(async (id) => [id, await startScriptedProvider({ ok, key: KEY })] as const);
    const providers = new Map(await Promise.all(started));
    const urls = agents.map((id) => [URL_VARIABLES[PROVIDER_OF[id]], `${providers.get(id)?.url}/v1`]);
    const site = await Installation.make({ ...Object.fromEntries(urls), ...env });
    const bench = new AgentBench(site, providers);
    try {
      await site.up();
      for (const id of hasKeys ? agents : []) {
        await site.json('POST', `/v1/agents/${PROVIDER_OF[id]}/api-key`, { api_key: KEY });
      }
      return bench;
    } catch (error) {
      await bench[Symbol.asyncDispose]();
      throw error;
    }
  }

  provider(agent: AgentId): ScriptedProvider {
    const provider = this.#providers.get(agent);
    if (provider === undefined) throw new Error(`Nobody serves ${agent} here.`);
    return provider;
  }

  async newSandbox(name: string, preset: string): Promise<{ id: string; preview: { url: string } }> {
    const app = await this.site.json<{ id: string }>('POST', '/v1/apps', { name, runtime_preset: preset });
    return this.site.json('POST', `/v1/apps/${app.id}/sandbox`);
  }

  async *follow(sandbox: string, task: string, since: number): AsyncGenerator<PublicEvent> {
    const { host } = new URL(this.site.base);
    const path = `/v1/sandboxes/${sandbox}/tasks/${task}/events?since=${since}`;
    const { body } = await request(`http://127.0.0.1:${this.site.port}${path}`, {
      headers: { ...this.site.authorization, host },
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    let text = '';
    for await (const chunk of body as AsyncIterable<Buffer>) {
      text += chunk.toString();
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      yield* blocks.filter((block) => !block.startsWith(':')).map(parseEvent);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.site[Symbol.asyncDispose]();
    await Promise.all([...this.#providers.values()].map((provider) => provider[Symbol.asyncDispose]()));
  }
}

/** One agent and a sandbox of its own. */
export class Desk {
  readonly sandbox: string;
  readonly url: string;
  readonly #bench: AgentBench;
  readonly #agent: AgentId;

  private constructor(bench: AgentBench, agent: AgentId, sandbox: { id: string; preview: { url: string } }) {
    this.#bench = bench;
    this.#agent = agent;
    this.sandbox = sandbox.id;
    this.url = sandbox.preview.url;
  }

  static async at(bench: AgentBench, agent: AgentId, preset = 'worker'): Promise<Desk> {
    return new Desk(bench, agent, await bench.newSandbox(agent, preset));
  }

  /** Begins a task with a model that plays the scenario. */
  async submit(scenario: string, more: object = {}): Promise<string> {
    const model = `${PROVIDER_OF[this.#agent]}/${modelFor(scenario)}`;
    const body = { prompt: 'Change the app, please.', agent: this.#agent, model, timeout_s: 200, ...more };
    return (await this.#json<{ id: string }>('POST', '/tasks', body)).id;
  }

  result = (task: string): Promise<TaskResult> => this.#json('GET', `/tasks/${task}`);

  /** Its events from the one after `since` to the end, or until `enough`. */
  async events(task: string, { since = 0, enough = never } = {}): Promise<PublicEvent[]> {
    const events: PublicEvent[] = [];
    for await (const event of this.#bench.follow(this.sandbox, task, since)) {
      events.push(event);
      if (enough(event)) break;
    }
    return events;
  }

  /** The result once it has ended. */
  async ended(task: string): Promise<TaskResult> {
    await this.events(task);
    return this.result(task);
  }

  /** One task from beginning to end. */
  work = async (scenario: string, more?: object): Promise<TaskResult> =>
    this.ended(await this.submit(scenario, more));

  /** A task in the middle of a shell command that never ends. */
  async busyTask(more?: object): Promise<string> {
    const task = await this.submit('bash', more);
    await this.events(task, { enough: isCommand });
    for (;;) {
      if ((await this.shell(`pgrep -f '^${LONG_COMMAND}'; true`)) !== '') return task;
      const { status, error_message } = await this.result(task);
      if (status !== 'running') throw new Error(`The task ended too early: ${status} ${error_message}`);
    }
  }

  /** The programs in the sandbox that are the agent, or that it runs. */
  family = (): Promise<string> => this.shell(`${AGENT_PIDS}; pgrep -fa '^${LONG_COMMAND}'; true`);

  /** @throws when there is none */
  async killAgent(): Promise<void> {
    await this.shell(`kill -KILL $(${AGENT_PIDS})`);
  }

  /** What the activity log says of a task, the latest first. */
  async happened(task: string): Promise<string[]> {
    const { events } = await this.#bench.site.json<{ events: { type: string }[] }>(
      'GET',
      `/v1/tasks/${task}/events`,
    );
    return events.map(({ type }) => type);
  }

  /** How often the provider was asked to play a scenario. */
  asked = (scenario: string): number =>
    this.#bench.provider(this.#agent).requests.filter((request) => request.scenario === scenario).length;

  /** What a login shell in the sandbox prints. @throws when it fails */
  async shell(script: string): Promise<string> {
    const cmd = ['bash', '-lc', script];
    const ran = await this.#json<{ exit_code: number; stdout: string; stderr: string }>('POST', '/exec', {
      cmd,
    });
    if (ran.exit_code !== 0) throw new Error(`${script}: ${ran.stderr}`);
    return ran.stdout;
  }

  #json<T>(method: string, path: string, body?: object): Promise<T> {
    return this.#bench.site.json(method, `/v1/sandboxes/${this.sandbox}${path}`, body);
  }
}

/** Every process that runs a program of an agent, whatever it calls itself. */
const AGENT_PIDS = `for p in /proc/[0-9]*; do readlink $p/exe | grep -q ^/opt/agents/ && echo \${p#/proc/}; done`;

const isCommand = ({ event, data }: PublicEvent): boolean => event === 'tool' && data['kind'] === 'execute';

function parseEvent(block: string): PublicEvent {
  const fields = new Map(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  return {
    id: Number(fields.get('id')),
    event: fields.get('event') ?? '',
    data: JSON.parse(fields.get('data') ?? '{}') as Record<string, unknown>,
  };
}
