import { ulidSource } from '../../src/domain/ids.ts';
import type { TaskAssignment, TaskEnding, TaskEvent, TaskOutcome } from '../../src/domain/task.ts';
import type { Client, Reply } from './client.ts';
import { until } from './until.ts';

export const newTaskId = ulidSource();

export const assignment = (prompt: string, more: Partial<TaskAssignment> = {}): TaskAssignment => ({
  id: newTaskId(),
  prompt,
  agent: 'opencode',
  provider: 'anthropic',
  timeout_s: 60,
  continue: false,
  ...more,
});

/** The node's end of a sandbox's tasks. */
export class TaskClient {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  submit(order: unknown): Promise<Reply> {
    return this.#client.call('POST', '/v1/tasks', JSON.stringify(order));
  }

  end(id: string, ending: TaskEnding | object): Promise<Reply> {
    return this.#client.call('POST', `/v1/tasks/${id}/end`, JSON.stringify(ending));
  }

  revert(id: string, order: object = {}): Promise<Reply> {
    return this.#client.call('POST', `/v1/tasks/${id}/revert`, JSON.stringify(order));
  }

  /** Begins a task. */
  async begin(prompt: string, more: Partial<TaskAssignment> = {}): Promise<string> {
    const order = assignment(prompt, more);
    const reply = await this.submit(order);
    if (reply.status !== 202) throw new Error(`submit answered ${reply.status}: ${reply.text}`);
    return order.id;
  }

  /** Every event there will be: waits for the end of the task. */
  async events(id: string, since = 0): Promise<TaskEvent[]> {
    const reply = await this.#client.call('GET', `/v1/tasks/${id}/events?since=${since}`);
    if (reply.status !== 200) throw new Error(`events answered ${reply.status}: ${reply.text}`);
    const lines = reply.text.split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line) as TaskEvent);
  }

  /** Waits for the end of a task. */
  async outcome(id: string): Promise<TaskOutcome> {
    const last = (await this.events(id)).at(-1);
    if (last?.type !== 'done') throw new Error(`The last event is ${JSON.stringify(last)}.`);
    return last.data;
  }

  /** Runs a task to its end. */
  async run(prompt: string, more: Partial<TaskAssignment> = {}): Promise<TaskOutcome> {
    return this.outcome(await this.begin(prompt, more));
  }

  /** Waits until the agent has said something. */
  said(id: string, text: string): Promise<boolean> {
    return until(async () => (await this.log(id)).includes(text));
  }

  async log(id: string): Promise<string> {
    return (await this.#client.call('GET', `/v1/tasks/${id}/log`)).text;
  }

  async diff(id: string): Promise<string> {
    return (await this.#client.call('GET', `/v1/tasks/${id}/diff`)).text;
  }
}
