import type { App } from './app.ts';
import { notFound } from './errors.ts';
import type { Ports } from './ports.ts';
import type { Sandbox } from './sandbox.ts';

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
