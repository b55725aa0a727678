import { createHash, randomUUID } from 'node:crypto';
import { buffer, text } from 'node:stream/consumers';
import Docker from 'dockerode';
import { pack } from 'tar-stream';
import { buildImage } from '../../images/engine-build.ts';
import { findImage } from '../../images/find-image.ts';

const docker = new Docker();
const never = new AbortController().signal;

/** An image under a name of its own, gone when it is disposed. */
export interface CustomImage extends AsyncDisposable {
  readonly tag: string;
  /** Puts another image under the same name. */
  rebuild(instructions: readonly string[]): Promise<void>;
}

/** @param instructions of a Dockerfile, on top of `base` and as root */
export async function customImage(base: string, instructions: readonly string[]): Promise<CustomImage> {
  const tag = `sandboxd-test:${randomUUID()}`;
  const rebuild = async (instructions: readonly string[]) => {
    const dockerfile = ['ARG BASE', 'FROM ${BASE}', 'USER root', ...instructions, 'USER 1000'].join('\n');
    const files = [{ name: 'Dockerfile', executable: false, source: new TextEncoder().encode(dockerfile) }];
    const recipe = { tag, files, args: { BASE: base }, labels: {}, describe: () => undefined };
    const before = await findImage(docker, tag);
    await buildImage(docker, recipe, () => {}, never);
    // Without a name now, nobody else would remove it.
    if (before !== undefined && before !== (await findImage(docker, tag))) await removeImage(before);
  };
  await rebuild(instructions);
  return { tag, rebuild, [Symbol.asyncDispose]: () => removeImage(tag) };
}

/** Absent is fine. */
export async function removeImage(reference: string): Promise<void> {
  try {
    await docker.getImage(reference).remove({ force: true });
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode !== 404) throw error;
  }
}

/** The machine an ELF file is for, in its header. */
const ELF_MACHINES = { amd64: 0x3e, arm64: 0xb7 } as const;

/** An image of one program, which is for another kind of machine than this one. */
export async function foreignImage(): Promise<AsyncDisposable & { tag: string; architecture: string }> {
  const tag = `sandboxd-test:${randomUUID()}`;
  const architecture = process.arch === 'x64' ? 'arm64' : 'amd64';
  const layer = await tarOf({
    'bin/bash': foreignProgram(architecture),
    'bin/node': foreignProgram(architecture),
  });
  const config = {
    architecture,
    os: 'linux',
    config: { Entrypoint: ['/bin/node'], Env: ['PATH=/bin'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${createHash('sha256').update(layer).digest('hex')}`] },
  };
  const manifest = [{ Config: 'config.json', RepoTags: [tag], Layers: ['layer.tar'] }];
  const archive = await tarOf({
    'config.json': Buffer.from(JSON.stringify(config)),
    'layer.tar': layer,
    'manifest.json': Buffer.from(JSON.stringify(manifest)),
  });
  await text(await docker.loadImage(archive as unknown as string));
  return { tag, architecture, [Symbol.asyncDispose]: () => removeImage(tag) };
}

function foreignProgram(architecture: keyof typeof ELF_MACHINES): Buffer {
  const header = Buffer.alloc(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(ELF_MACHINES[architecture], 18);
  header.writeUInt32LE(1, 20);
  return header;
}

async function tarOf(files: Record<string, Buffer>): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of Object.entries(files)) archive.entry({ name, mode: 0o755 }, content);
  archive.finalize();
  return buffer(archive);
}
