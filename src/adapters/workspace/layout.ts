import { join } from 'node:path';
import { invalid } from '../../domain/errors.ts';
import { parseId } from '../../domain/ids.ts';
import type { WorkspaceSource } from '../../domain/workspace.ts';

/** Whose the files of sandboxes are. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** The directories of one sandbox. */
export interface SandboxLayout {
  readonly id: string;
  readonly root: string;
  /** The sandbox's own files: the upper of an overlay, or all there is. */
  readonly home: string;
  /** The kernel's, beside an upper. */
  readonly work: string;
  readonly control: string;
  /** Where the node listens for what the sandbox asks of its task's provider. */
  readonly provider: string;
  /** For files that are not whole yet, out of the tenant's sight and on the same file system. */
  readonly staging: string;
  /** What the workspace was made from. Written last: a directory without it is no workspace. */
  readonly record: string;
}

/** Where everything is, below one data directory. */
export interface Layout {
  readonly sandboxes: string;
  readonly layers: string;
  readonly trash: string;
  /** What is being made or removed; dropped whenever the node starts. */
  readonly limbo: string;
  /** @throws invalid_request for what is no sandbox id, so that no other text ever becomes a path */
  sandbox(sandboxId: string): SandboxLayout;
  /** @throws invalid_request for what is no template's name or image's id */
  layer(source: WorkspaceSource): string;
}

const TEMPLATE_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const IMAGE_DIGEST = /^sha256:([0-9a-f]{64})$/;
/** Enough to tell the images of one node apart. */
const DIGEST_LENGTH = 16;

export function layoutOf(dataDirectory: string): Layout {
  const sandboxes = join(dataDirectory, 'sandboxes');
  const layers = join(dataDirectory, 'layers');
  return {
    sandboxes,
    layers,
    trash: join(dataDirectory, 'trash'),
    limbo: join(dataDirectory, 'limbo'),
    sandbox: (sandboxId) => {
      const id = canonicalId(sandboxId);
      return sandboxLayout(id, join(sandboxes, id));
    },
    layer: ({ imageDigest, template }) => {
      const hex = IMAGE_DIGEST.exec(imageDigest)?.[1];
      if (hex === undefined) throw invalid('image: is not the id of an image, like "sha256:…".');
      if (!TEMPLATE_NAME.test(template))
        throw invalid('template: is not a name of lower-case letters, digits, "-".');
      return join(layers, hex.slice(0, DIGEST_LENGTH), template);
    },
  };
}

/** @throws invalid_request */
export function canonicalId(sandboxId: string): string {
  const id = parseId(sandboxId);
  if (id === undefined) throw invalid('sandbox id: is not a ULID.');
  return id;
}

export const sandboxLayout = (id: string, root: string): SandboxLayout => ({
  id,
  root,
  home: join(root, 'home'),
  work: join(root, 'work'),
  control: join(root, 'run'),
  provider: join(root, 'provider'),
  staging: join(root, 'staging'),
  record: join(root, 'workspace.json'),
});
