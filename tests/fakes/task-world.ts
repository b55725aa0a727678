import * as v from 'valibot';
import { setProviderKey } from '../../src/domain/agent-commands.ts';
import { createApp } from '../../src/domain/app-commands.ts';
import type { Instance } from '../../src/domain/ports.ts';
import type { ProviderId } from '../../src/domain/provider.ts';
import type { Sandbox } from '../../src/domain/sandbox.ts';
import { createAppSandbox } from '../../src/domain/sandbox-commands.ts';
import type { Task } from '../../src/domain/task.ts';
import { NewTask, submitTask } from '../../src/domain/task-commands.ts';
import { type ApiWorld, apiWorld } from './api-world.ts';
import type { FakeTasks } from './fake-tasks.ts';
import { OWNER } from './rows.ts';

/** What nobody may ever see again. */
export const TEST_KEY = 'test-key-not-real';

/** A world with a sandbox to work in. Everything in it is {@link OWNER}'s. */
export interface TaskWorld extends ApiWorld {
  readonly sandbox: Sandbox;
  /** The sandbox's tasks, as its node has them. */
  readonly inside: FakeTasks;
  setKey(provider: ProviderId): Promise<void>;
  submit(input?: Partial<v.InferInput<typeof NewTask>>): Promise<Task>;
  /** The row of a task as it is now. */
  row(task: Task): Promise<Task | undefined>;
  /** Lets the node tell what it has, and what happened. */
  sync(): Promise<void>;
}

/** @param keys for whom the owner has a key */
export async function taskWorld(
  keys: readonly ProviderId[] = ['anthropic'],
  instance: Partial<Instance> = {},
): Promise<TaskWorld> {
  const world = apiWorld(instance);
  const { ports, node } = world;
  const app = await createApp(ports, OWNER, { name: 'Todo list', description: '', tags: [] });
  const sandbox = await createAppSandbox(ports, OWNER, app.id, {});
  const setKey = (provider: ProviderId) => setProviderKey(ports, OWNER, provider, { api_key: TEST_KEY });
  for (const provider of keys) await setKey(provider);
  return {
    ...world,
    sandbox,
    inside: node.tasksOf(sandbox.id),
    setKey,
    submit: (input) =>
      submitTask(ports, OWNER, sandbox.id, v.parse(NewTask, { prompt: 'Make the title red.', ...input })),
    row: ({ id }) => ports.store.tasks.find(OWNER, id),
    sync: () => syncNode(world),
  };
}

/** Lets the node of a world tell what it has, and what happened. */
export const syncNode = ({ node }: ApiWorld): Promise<void> => node.sync();
