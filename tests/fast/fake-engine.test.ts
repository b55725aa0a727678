import { chmod, chown, lchown, link, mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { engineContract } from '../contracts/engine.contract.ts';
import { FakeEngine } from '../fakes/engine.ts';

const IMAGE = 'sandboxd-test:fake';
const DIGEST = `sha256:${'0'.repeat(64)}`;

engineContract('the fake engine', async () => ({
  engine: new FakeEngine({ images: [IMAGE, DIGEST], agents: ['opencode', 'codex'], extract: extractDemo }),
  image: IMAGE,
  directories: async (sandboxId) => ({
    home: { kind: 'overlay', lower: '/lower', upper: `/${sandboxId}/home`, work: `/${sandboxId}/work` },
    controlDirectory: `/${sandboxId}/run`,
    providerDirectory: `/${sandboxId}/provider`,
  }),
  [Symbol.asyncDispose]: async () => undefined,
}));

async function extractDemo(_image: string, path: string, directory: string): Promise<boolean> {
  if (path !== '/opt/layers/demo') return false;
  const modules = join(directory, 'workspace/app/node_modules');
  await mkdir(modules, { recursive: true });
  const tool = join(modules, 'tool.js');
  await writeFile(tool, 'export {};\n');
  await chown(tool, 1000, 1000);
  await chmod(tool, 0o755);
  await utimes(tool, 1e9, 1e9);
  await link(tool, join(modules, 'same.js'));
  await symlink('tool.js', join(modules, 'link.js'));
  await lchown(join(modules, 'link.js'), 1000, 1000);
  return true;
}
