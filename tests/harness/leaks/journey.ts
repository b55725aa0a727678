import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { vi } from 'vitest';
import { modelFor } from '../../doubles/scripted-provider.ts';
import { type Answer, visit, type VisitOptions, visitUntil } from '../http.ts';
import type { Installation } from '../installation.ts';
import type { Receiver } from '../receiver.ts';
import type { Evidence } from './evidence.ts';
import type { Secret } from './needles.ts';
import { CONFIGURED_TOKEN, FILES, type Key, PASSWORD, PROVIDER_KEY, VALUES } from './planted.ts';

/** The engine says so of what was removed since it was listed: helpers come and go. */
const GONE: ReadonlySet<unknown> = new Set([404, 409]);
/** Milliseconds for anything that programs in a sandbox take their time for. */
const PATIENCE_MS = 60_000;

export interface Surroundings {
  readonly site: Installation;
  readonly evidence: Evidence;
  /** Of webhooks: one that takes what it is sent, and one that never does. */
  readonly receivers: readonly [Receiver, Receiver];
  /** Files of ours, outside of the installation. */
  readonly directory: string;
}

/** Uses an installation for everything it is good for, and keeps all that it says. */
export class Journey {
  readonly site: Installation;
  readonly evidence: Evidence;
  /** Those that the installation has made itself. */
  readonly made: Secret[] = [];
  readonly #around: Surroundings;
  readonly tasks: string[] = [];
  app = '';
  sandbox = '';
  url = '';

  constructor(around: Surroundings) {
    this.#around = around;
    this.site = around.site;
    this.evidence = around.evidence;
  }

  async signUp(): Promise<void> {
    const { site } = this;
    await this.#keys('first');
    await site.json('POST', '/v1/auth/setup', { password: PASSWORD });
    await Promise.all([
      site.json('POST', '/v1/agents/anthropic/api-key', { api_key: PROVIDER_KEY }),
      this.#apiKey(),
      this.#webhook(this.#around.receivers[0]),
      this.#webhook(this.#around.receivers[1]),
    ]);
  }

  learn(name: string, value: string, bytes?: Uint8Array): void {
    if (value.length < 10)
      throw new Error(`What is taken for the ${name} is none: ${value.length} characters.`);
    this.made.push({ name, value, ...(bytes !== undefined && { bytes }) });
  }

  /** Those of the installation itself. */
  async #keys(which: string): Promise<void> {
    const text = await readFile(join(this.site.dataDir, 'keys', 'secrets'), 'utf8');
    for (const key of text.trim().split('\n'))
      this.learn(`${which} secrets key`, key, Buffer.from(key, 'base64'));
  }

  async #apiKey(): Promise<void> {
    const { id, token } = await this.site.json<{ id: string; token: string }>('POST', '/v1/api-keys', {
      name: 'spare',
    });
    this.learn('API key', token);
    await this.site.api('GET', '/v1/api-keys', { token });
    await this.site.api('GET', '/v1/apps', { token: CONFIGURED_TOKEN });
    const { id: other } = await this.site.json<{ id: string }>('POST', '/v1/api-keys', { name: id });
    await this.site.json('DELETE', `/v1/api-keys/${other}`);
  }

  async #webhook({ origin }: Receiver): Promise<void> {
    const { site } = this;
    const { id, secret } = await site.json<{ id: string; secret: string }>('POST', '/v1/webhooks', {
      url: `${origin}/hook`,
    });
    this.#learnSigning(secret);
    await site.json('GET', `/v1/webhooks/${id}`);
    await site.json('PATCH', `/v1/webhooks/${id}`, { description: 'mine' });
    const { secret: next } = await site.json<{ secret: string }>('POST', `/v1/webhooks/${id}/rotate-secret`);
    this.#learnSigning(next);
    await site.json('POST', `/v1/webhooks/${id}/test`);
  }

  #learnSigning(secret: string): void {
    const key = secret.replace(/^whsec_/, '');
    this.learn('webhook secret', key, Buffer.from(key, 'base64'));
  }

  /** @returns once the app has its configuration */
  async configure(): Promise<void> {
    const { site } = this;
    const app = { name: 'Telltale', runtime_preset: 'worker' };
    this.app = (await site.json<{ id: string }>('POST', '/v1/apps', app)).id;
    const at = `/v1/apps/${this.app}/config`;
    const add = (key: Key, access_policy: string, sensitive = true) =>
      site.json('POST', at, { key, value: VALUES[key], access_policy, sensitive });
    await add('TOGGLED_KEY', 'runtime_access', false);
    await site.json('GET', at);
    await add('AGENT_KEY', 'agent_access');
    await add('HIDDEN_KEY', 'control_plane_only');
    await add('BOTH_KEY', 'both');
    const body = JSON.stringify({
      key: 'RUNTIME_KEY',
      value: VALUES.RUNTIME_KEY,
      access_policy: 'runtime_access',
    });
    for (const sent of [body, body, body.replace('runtime_access', 'both')])
      await site.api('POST', at, { body: sent, headers: { 'idempotency-key': 'once' } });
    const { status } = await site.api('POST', at, { body });
    if (status !== 409) throw new Error(`A key that there is already was answered ${status}.`);
  }

  async settle(): Promise<void> {
    const { site } = this;
    const { id, preview } = await site.json<{ id: string; preview: { url: string } }>(
      'POST',
      `/v1/apps/${this.app}/sandbox`,
    );
    this.sandbox = id;
    await Promise.all(
      Object.entries(FILES).map(([path, body]) =>
        site.api('PUT', `/v1/sandboxes/${id}/files?path=${path}`, { body }),
      ),
    );
    await this.until(
      () => this.see(''),
      (text) => text.includes('"status":"ready"'),
    );
    this.url =
      (await site.json<{ preview: { url: string } }>('GET', `/v1/sandboxes/${id}`)).preview.url ||
      preview.url;
  }

  /** From here on it is secret. */
  async toggle(): Promise<void> {
    await this.site.json('PATCH', `/v1/apps/${this.app}/config/TOGGLED_KEY`, { sensitive: true });
  }

  /** The app and people in its sandbox say whatever they know. */
  async chatter(): Promise<void> {
    await this.site.json('POST', `/v1/sandboxes/${this.sandbox}/restart-processes`);
    await visitUntil(200, this.url, PATIENCE_MS);
    await this.#visit(`/tell?key=${encodeURIComponent(VALUES.RUNTIME_KEY)}`);
    await this.until(
      () => this.logs('web'),
      (text) => text.includes('told'),
    );
    await this.until(
      () => this.logs('worker'),
      (text) => text.includes('cannot use'),
    );
    const environ = `cat /proc/$(pgrep -fo web.cjs)/environ`;
    for (const script of [
      environ,
      `${environ} | base64 -w0`,
      `${environ} | tr '\\0' '\\n'`,
      `${environ} >&2; cat ~/.runtimed/*.log ~/.runtimed/tasks/*/*`,
    ])
      await this.exec({ cmd: ['bash', '-c', script] });
    const stream = { headers: { accept: 'text/event-stream' } };
    await this.exec({ cmd: ['bash', '-c', environ] }, stream);
    await this.exec({
      cmd: ['printenv', 'GIVEN'],
      env: { GIVEN: VALUES.RUNTIME_KEY },
      stdin: VALUES.BOTH_KEY,
    });
    await this.exec({ cmd: ['cat'], stdin: VALUES.BOTH_KEY });
    await this.exec({ cmd: ['bash', '-c', VALUES.RUNTIME_KEY], cwd: VALUES.BOTH_KEY });
    await this.#follow('web');
    await this.#visit('/crash');
    await this.until(
      () => this.logs('web'),
      (text) => text.includes('cannot use'),
    );
  }

  #visit = async (path: string): Promise<void> =>
    void (await visitUntil(200, `${this.url}${path}`, PATIENCE_MS));
  exec = (body: object, options: VisitOptions = {}): Promise<Answer> =>
    this.site.api('POST', `/v1/sandboxes/${this.sandbox}/exec`, { ...options, body: JSON.stringify(body) });
  logs = (name: string): Promise<string> => this.see(`/processes/${name}/logs?tail=1000`);
  see = async (path: string): Promise<string> =>
    (await this.site.api('GET', `/v1/sandboxes/${this.sandbox}${path}`)).text;

  until(ask: () => Promise<string>, is: (text: string) => boolean): Promise<string> {
    const looked = async () => {
      const text = await ask();
      if (!is(text)) throw new Error(`It has not come so far: ${text.slice(-2000)}`);
      return text;
    };
    return vi.waitFor(looked, { timeout: PATIENCE_MS, interval: 250 });
  }

  /** A log as it goes on, until there is something. */
  async #follow(name: string): Promise<void> {
    const headers = { ...this.site.authorization, accept: 'text/event-stream' };
    const answer = await fetch(
      `http://127.0.0.1:${this.site.port}/v1/sandboxes/${this.sandbox}/processes/${name}/logs`,
      { headers },
    );
    const reader = answer.body?.getReader();
    await this.#visit('/tell');
    let text = '';
    while (!text.includes('told')) {
      const { value } = (await reader?.read()) ?? {};
      if (value === undefined)
        throw new Error(`The log of ${name} ended: ${answer.status} ${text.slice(-2000)}`);
      text += Buffer.from(value).toString();
    }
    await reader?.cancel();
    this.evidence.keep('stream', `logs of ${name}`, text);
  }

  /** A task, to its end. */
  async work(scenario: string): Promise<void> {
    const at = `/v1/sandboxes/${this.sandbox}/tasks`;
    const model = `anthropic/${modelFor(scenario)}`;
    const order = { prompt: 'Tell what you have.', agent: 'claude-code', model };
    const { id } = await this.site.json<{ id: string }>('POST', at, order);
    await this.site.api('GET', `${at}/${id}/events`, { headers: { accept: 'text/event-stream' } });
    for (const path of ['', '/events', '/log', '/diff']) await this.site.api('GET', `${at}/${id}${path}`);
    await this.site.api('GET', `/v1/tasks/${id}/events`);
    this.tasks.push(id);
  }

  /** Sleep, copies, and everything that is made of them. The sandbox itself stays, with all that is in it. */
  async copies(): Promise<void> {
    const { site, sandbox } = this;
    const live = await this.#capture('live', true);
    await site.json('POST', `/v1/sandboxes/${sandbox}/stop`);
    const resting = await this.#capture('at rest', false);
    await site.api('GET', `/v1/sandboxes/${sandbox}/export`);
    const { app: fork } = await site.json<{ app: { id: string } }>('POST', `/v1/apps/${this.app}/fork`, {
      snapshot_id: live,
    });
    await site.json('POST', `/v1/apps/${fork.id}/restore`, { snapshot_id: resting });
    await site.json('GET', `/v1/apps/${fork.id}/config`);
    // A visit wakes it.
    await this.#visit('/tell');
    await site.api('GET', `/v1/sandboxes/${sandbox}/export`);
    const { url } = await site.json<{ url: string }>('POST', `/v1/sandboxes/${sandbox}/preview-link`, {});
    this.learn('preview link', new URL(url).search.slice(1).split('=').at(-1) ?? '');
    await visit(url);
    await this.until(
      () => this.logs('web'),
      (text) => text.includes('told'),
    );
  }

  async #capture(name: string, live: boolean): Promise<string> {
    const asked = { source_sandbox_id: this.sandbox, name, live };
    const { id } = await this.site.json<{ id: string }>('POST', '/v1/snapshots', asked);
    await this.until(
      async () => (await this.site.api('GET', `/v1/snapshots/${id}`)).text,
      (text) => text.includes('"status":"ready"'),
    );
    return id;
  }

  /** Ends of things, and what else there is to be asked for. */
  async leave(): Promise<void> {
    const { app, sandbox, site, tasks } = this;
    const at = `/v1/sandboxes/${sandbox}`;
    await Promise.all(['/healthz', '/readyz'].map((path) => site.api('GET', path)));
    await site.json('PATCH', `/v1/apps/${app}`, { name: 'Told', description: 'everything' });
    await site.api('POST', `${at}/start`);
    await site.api('POST', `${at}/tasks/${tasks[0]}/cancel`);
    await site.api('POST', `${at}/tasks/${tasks[0]}/revert`);
    const asked = { project: { id: 'p', user_id: VALUES.HIDDEN_KEY.length }, template: VALUES.RUNTIME_KEY };
    await site.api('POST', '/v1/sandboxes', { body: JSON.stringify(asked) });
    await site.api('POST', '/v1/auth/logout', { body: JSON.stringify({ everywhere: VALUES.HIDDEN_KEY }) });
    const { snapshots } = await site.json<{ snapshots: { id: string }[] }>(
      'GET',
      `/v1/apps/${app}/snapshots`,
    );
    await site.api('DELETE', `/v1/snapshots/${VALUES.HIDDEN_KEY.length}`);
    await site.json('DELETE', `/v1/snapshots/${snapshots[0]?.id}`);
    const { apps } = await site.json<{ apps: { id: string; current_sandbox_id?: string }[] }>(
      'GET',
      '/v1/apps',
    );
    const other = apps.find((one) => one.id !== app && one.current_sandbox_id !== undefined);
    await site.json('DELETE', `/v1/sandboxes/${other?.current_sandbox_id}`);
    await this.#leaveWebhooks();
  }

  async #leaveWebhooks(): Promise<void> {
    const { site } = this;
    const { webhooks } = await site.json<{ webhooks: { id: string; url: string }[] }>('GET', '/v1/webhooks');
    for (const { id } of webhooks) {
      const { deliveries } = await site.json<{ deliveries: { event_id: string }[] }>(
        'GET',
        `/v1/webhooks/${id}/deliveries`,
      );
      await site.api('POST', `/v1/webhooks/${id}/deliveries/${deliveries[0]?.event_id}/retry`);
    }
    for (const { received, origin } of this.#around.receivers) {
      for (const request of received) this.evidence.keep('request', `to ${origin}`, JSON.stringify(request));
    }
    await site.json('DELETE', `/v1/webhooks/${webhooks[0]?.id}`);
  }

  /** Every list there is, and what commands print. */
  async review(): Promise<void> {
    const { app, sandbox, site } = this;
    const lists = [
      'apps',
      'sandboxes',
      'snapshots',
      'presets',
      'settings',
      'agents',
      'api-keys',
      'webhooks',
      'audit?limit=200',
      'events?limit=200',
      'auth/status',
      'openapi.json',
      `apps/${app}`,
      `apps/${app}/events?limit=200`,
      `apps/${app}/config`,
      `apps/${app}/snapshots`,
      `sandboxes/${sandbox}/tasks`,
      `sandboxes/${sandbox}/files?recursive=true`,
    ];
    for (const list of lists) await site.json('GET', `/v1/${list}`);
    const { webhooks } = await site.json<{ webhooks: { id: string }[] }>('GET', '/v1/webhooks');
    for (const { id } of webhooks) await site.json('GET', `/v1/webhooks/${id}/deliveries`);
    await site.api('GET', '/metrics');
    await Promise.all(
      [['status', '--json'], ['audit', '--json'], ['token', 'list'], ['gc', '--dry-run'], ['status']].map(
        (args) => this.command(...args),
      ),
    );
  }

  async command(...args: string[]): Promise<void> {
    this.evidence.keep('output', `sandboxd ${args.join(' ')}`, await this.site.command(...args));
  }

  async rotate(): Promise<void> {
    await this.command('secrets', 'rotate');
    await this.#keys('second');
  }

  backUp = (): Promise<void> =>
    this.command('backup', join(this.#around.directory, 'backup.tar'), '--no-keys');

  /** What the engine knows of the installation. */
  async inspect(): Promise<void> {
    const { docker } = this.site;
    const filters = { label: [`sandboxd.instance=${await this.site.instanceId()}`] };
    const [containers, networks, { Volumes: volumes }] = await Promise.all([
      docker.listContainers({ all: true, filters }),
      docker.listNetworks({ filters: JSON.stringify(filters) }),
      docker.listVolumes({ filters: JSON.stringify(filters) }),
    ]);
    const keep = async (what: string, known: Promise<unknown>) =>
      this.evidence.keep('engine', what, JSON.stringify(await known));
    for (const { Id } of containers) await unlessGone(this.#inspectContainer(Id));
    for (const { Id, Name } of networks)
      await unlessGone(keep(`network ${Name}`, docker.getNetwork(Id).inspect()));
    for (const { Name } of volumes ?? [])
      await unlessGone(keep(`volume ${Name}`, docker.getVolume(Name).inspect()));
  }

  async #inspectContainer(id: string): Promise<void> {
    const container = this.site.docker.getContainer(id);
    const inspected = await container.inspect();
    this.evidence.keep('engine', `container ${id}`, JSON.stringify(inspected));
    // With the driver `none` the engine keeps nothing, and has nothing to show.
    if (inspected.HostConfig.LogConfig?.Type === 'none') return;
    const logs = await container.logs({ stdout: true, stderr: true });
    this.evidence.keep('engine', `logs of container ${id}`, logs);
  }
}

async function unlessGone(inspected: Promise<void>): Promise<void> {
  try {
    await inspected;
  } catch (error) {
    if (!GONE.has((error as { statusCode?: unknown }).statusCode)) throw error;
  }
}
