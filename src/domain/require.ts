import type { App } from './app.ts';
import { notFound } from './errors.ts';
import type { Ports } from './ports.ts';
import type { Sandbox } from './sandbox.ts';
import { parseId } from './ids.ts';
import type { Snapshot } from './snapshot.ts';
import type { Task } from './task.ts';
import type { Webhook } from './webhook.ts';

/** @throws not_found */
export async function requireApp(ports: Ports, owner: string, id: string): Promise<App> {
  const app = await ports.store.apps.find(owner, id);
  if (app === undefined) throw notFound('app');
  return app;
}

/** @throws not_found */
export async function requireSandbox(ports: Ports, owner: string, id: string): Promise<Sandbox> {
  const sandbox = await ports.store.sandboxes.find(owner, id);
  if (sandbox === undefined) throw notFound('sandbox');
  return sandbox;
}

/**
 * A task, also of a sandbox that is gone.
 * @param sandboxId the sandbox it must be of, where that matters
 * @throws not_found
 */
export async function requireTask(
  ports: Ports,
  owner: string,
  id: string,
  sandboxId?: string,
): Promise<Task> {
  const task = await ports.store.tasks.find(owner, id);
  if (task === undefined || (sandboxId !== undefined && task.sandboxId !== sandboxId)) throw notFound('task');
  return task;
}

/** @param id in either case; what is no id does not exist. @throws not_found */
export async function requireSnapshot(ports: Ports, owner: string, id: string): Promise<Snapshot> {
  const known = parseId(id);
  const snapshot = known === undefined ? undefined : await ports.store.snapshots.find(owner, known);
  if (snapshot === undefined) throw notFound('snapshot');
  return snapshot;
}

/** @throws not_found */
export async function requireWebhook(ports: Ports, owner: string, id: string): Promise<Webhook> {
  const webhook = await ports.store.webhooks.find(owner, id);
  if (webhook === undefined) throw notFound('webhook');
  return webhook;
}
