import type { App } from '../../domain/app.ts';
import type { Ports } from '../../domain/ports.ts';
import { type SandboxView, viewSandboxes } from '../../domain/sandbox-view.ts';
import type { PreviewAddress } from '../../views/models.ts';
import { presentSandbox } from '../v1/present.ts';

/** The sandboxes of these apps as they are right now, by app id. An app without one is left out. */
export async function liveViews(
  ports: Ports,
  owner: string,
  apps: readonly App[],
): Promise<Map<string, SandboxView>> {
  const ids = apps.flatMap(({ currentSandboxId }) => currentSandboxId ?? []);
  const found = await Promise.all(ids.map((id) => ports.store.sandboxes.find(owner, id)));
  const views = await viewSandboxes(
    ports,
    found.filter((sandbox) => sandbox !== undefined),
  );
  return new Map(
    views.flatMap((view) => (view.sandbox.appId === undefined ? [] : [[view.sandbox.appId, view]])),
  );
}

/** Where a sandbox is previewed; undefined for one without a web page. */
export function previewOf(ports: Ports, view: SandboxView | undefined): PreviewAddress | undefined {
  if (view === undefined) return undefined;
  const { url } = presentSandbox(view, ports.instance.addressing).preview;
  if (url === '') return undefined;
  const { visibility, appId } = view.sandbox;
  // A signed link is another one each time: the page names what makes one, so that looking again changes nothing.
  const href = visibility === 'private' && appId !== undefined ? `/apps/${appId}/preview` : url;
  return { url, href, host: new URL(url).host };
}
