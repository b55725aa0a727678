import { request } from 'undici';
import type { AgentId } from '../../src/domain/coding-agent.ts';
import { findAgent } from '../../src/domain/coding-agent.ts';
import type { ProviderId } from '../../src/domain/provider.ts';
import { changing } from '../doubles/provider/script.ts';
import { type ScriptedProvider, startScriptedProvider } from '../doubles/scripted-provider.ts';
import { Installation } from '../harness/installation.ts';

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

  static async make(agents: readonly AgentId[], env: Record<string, string> = {}): Promise<AgentBench> {
    const ok = changing('src/App.tsx', 'It runs', 'It was changed by an agent');
    const started = agents.map(async (id) => [id, await startScriptedProvider({ ok, key: KEY })] as const);
    const providers = new Map(await Promise.all(started));
    const urls = agents.map((id) => [URL_VARIABLES[PROVIDER_OF[id]], `${providers.get(id)?.url}/v1`]);
    const site = await Installation.make({ ...Object.fromEntries(urls), ...env });
    const bench = new AgentBench(site, providers);
    try {
      await site.up();
      for (const id of agents) {
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

  async newSandbox(name: string, preset = 'react-vite'): Promise<{ id: string; preview: { url: string } }> {
    const app = await this.site.json<{ id: string }>('POST', '/v1/apps', { name, runtime_preset: preset });
    return this.site.json('POST', `/v1/apps/${app.id}/sandbox`);
  }

  async submit(sandbox: string, agent: AgentId, more: object = {}): Promise<string> {
    const model = findAgent(agent)?.id === 'opencode' ? `${PROVIDER_OF[agent]}/scripted` : undefined;
    const body = { prompt: 'Change the app, please.', agent, model, ...more };
    return (await this.site.json<{ id: string }>('POST', `/v1/sandboxes/${sandbox}/tasks`, body)).id;
  }

  result = (sandbox: string, task: string): Promise<TaskResult> =>
    this.site.json('GET', `/v1/sandboxes/${sandbox}/tasks/${task}`);

  /** Its events from the one after `since` to the end, or until `enough`. */
  async events(sandbox: string, task: string, { since = 0, enough = never } = {}): Promise<PublicEvent[]> {
    const events: PublicEvent[] = [];
    for await (const event of this.#follow(sandbox, task, since)) {
      events.push(event);
      if (enough(event)) break;
    }
    return events;
  }

  /** Resolves with the result once it has ended. */
  async ended(sandbox: string, task: string): Promise<TaskResult> {
    await this.events(sandbox, task);
    return this.result(sandbox, task);
  }

  /** What a login shell in the sandbox prints. */
  async shell(sandbox: string, script: string): Promise<string> {
    const { stdout } = await this.site.json<{ stdout: string }>('POST', `/v1/sandboxes/${sandbox}/exec`, {
      cmd: ['bash', '-lc', script],
    });
    return stdout;
  }

  async *#follow(sandbox: string, task: string, since: number): AsyncGenerator<PublicEvent> {
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
