import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { HomeMount, PreparedWorkspace, WorkspaceSource } from '../../domain/workspace.ts';
import type { Layout, SandboxLayout } from './layout.ts';

/** What a workspace was made from; fixed for as long as that is there. */
const WorkspaceRecord = v.object({
  version: v.literal(1),
  kind: v.picklist(['overlay', 'directory']),
  imageDigest: v.string(),
  template: v.string(),
  /** Made without an engine: what becomes of it here is found out when it is prepared. */
  isAdopted: v.optional(v.boolean()),
});
export type WorkspaceRecord = v.InferOutput<typeof WorkspaceRecord>;

/** Undefined when there is no workspace. */
export async function readRecord({ record }: SandboxLayout): Promise<WorkspaceRecord | undefined> {
  try {
    return v.parse(WorkspaceRecord, JSON.parse(await readFile(record, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** On disk when it returns, so that a power cut never leaves an empty one. */
export async function writeRecord({ record }: SandboxLayout, content: WorkspaceRecord): Promise<void> {
  await writeFile(record, JSON.stringify(content), { mode: 0o600, flush: true });
}

/** A crash leaves the one or the other. */
export async function replaceRecord(sandbox: SandboxLayout, content: WorkspaceRecord): Promise<void> {
  const record = join(sandbox.staging, 'workspace.json');
  await writeRecord({ ...sandbox, record }, content);
  await rename(record, sandbox.record);
}

export const sourceOf = ({ imageDigest, template }: WorkspaceRecord): WorkspaceSource => ({
  imageDigest,
  template,
});

export function prepared(layout: Layout, sandbox: SandboxLayout, record: WorkspaceRecord): PreparedWorkspace {
  const home: HomeMount =
    record.kind === 'directory'
      ? { kind: 'bind', path: sandbox.home }
      : { kind: 'overlay', lower: layout.layer(sourceOf(record)), upper: sandbox.home, work: sandbox.work };
  return { home, controlDirectory: sandbox.control, providerDirectory: sandbox.provider };
}
