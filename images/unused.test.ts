import type Docker from 'dockerode';
import { describe, expect, it } from 'vitest';
import { unusedImages } from './unused.ts';

const NOW = Date.UTC(2030, 0, 2);
const DAY_MS = 24 * 3600 * 1000;
const LOOK = { dryRun: true, trash: false };

interface Given {
  readonly tags: string[];
  readonly labels?: Record<string, string>;
  readonly days?: number;
}

const image = ({ tags, labels = { 'sandboxd.image': 'base' }, days = 30 }: Given): Docker.ImageInfo =>
  ({
    Id: `sha256:${tags[0]}`,
    RepoTags: tags,
    Labels: labels,
    Created: (NOW - days * DAY_MS) / 1000,
    Size: 10,
  }) as Docker.ImageInfo;

const recipe = (tag: string) => ({ tag, files: [] });
const RECIPES = {
  toolchain: recipe('sandboxd/toolchain:now'),
  agents: { ...recipe('sandboxd/agents:now'), packages: 'packages-1', copying: [] },
  base: recipe('sandboxd/base:now'),
};

async function unused(
  images: Given[],
  { used = [], needed = [] }: { used?: string[]; needed?: string[] } = {},
) {
  const removed: string[] = [];
  const docker = {
    listImages: async () => images.map(image),
    listContainers: async () => used.map((tag) => ({ ImageID: `sha256:${tag}` })),
    getImage: (tag: string) => ({ remove: async () => void removed.push(tag) }),
  } as unknown as Docker;
  const garbage = unusedImages({
    docker,
    recipes: async () => RECIPES,
    needed: async () => new Set(needed.map((tag) => `sha256:${tag}`)),
    graceMs: 7 * DAY_MS,
    clock: () => NOW,
  });
  const found = await garbage.find(LOOK);
  for (const { remove } of found) await remove?.();
  expect(removed).toEqual(found.map(({ name }) => name));
  return removed;
}

describe('An image is garbage', () => {
  it('when it was built here and is not the current one, nor what that is made from', async () => {
    const labels = { 'sandboxd.image': 'toolchain' };
    expect(
      await unused([
        { tags: ['sandboxd/base:now'] },
        { tags: ['sandboxd/agents:now'] },
        { tags: ['sandboxd/toolchain:now'], labels },
        { tags: ['sandboxd/base:old'] },
        { tags: ['sandboxd/toolchain:old'], labels },
      ]),
    ).toEqual(['sandboxd/base:old', 'sandboxd/toolchain:old']);
  });

  it('unless it is young, used by any container, or still needed', async () => {
    const images = [
      { tags: ['sandboxd/base:young'], days: 6 },
      { tags: ['sandboxd/base:used'] },
      { tags: ['sandboxd/base:needed'] },
    ];
    const kept = await unused(images, { used: ['sandboxd/base:used'], needed: ['sandboxd/base:needed'] });
    expect(kept).toEqual([]);
  });

  it('never when it is somebody else’s, or without a name', async () => {
    const derived = { 'sandboxd.image': 'base', 'sandboxd.base': 'sandboxd/base:old' };
    expect(
      await unused([
        { tags: ['acme/sandbox:1'], labels: derived },
        { tags: [], labels: derived },
        { tags: ['sandboxd/base:mine'], labels: {} },
        { tags: ['debian:bookworm'], labels: {} },
        { tags: ['registry.example.com/sandboxd/base:1'] },
        // It is what acme's begins with.
        { tags: ['sandboxd/base:old'] },
      ]),
    ).toEqual([]);
  });

  it('by its own name alone', async () => {
    expect(await unused([{ tags: ['sandboxd/base:old', 'acme/kept:1'] }])).toEqual(['sandboxd/base:old']);
  });

  it('unless the agents in it would be downloaded again', async () => {
    const labels = { 'sandboxd.image': 'agents', 'sandboxd.agent-packages': 'packages-1' };
    const old = { tags: ['sandboxd/agents:old'], labels };
    expect(await unused([old])).toEqual([]);
    expect(await unused([old, { tags: ['sandboxd/agents:now'], labels }])).toEqual(['sandboxd/agents:old']);
  });
});
