import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DiskWorkspaces } from '../../src/adapters/workspace/workspaces.ts';
import { type TestInstance, startInstance } from './instance.ts';
import { type NodeImage, buildNodeImage } from './node-image.ts';

describe.each(['auto', 'directory'] as const)('a workspace of kind %s, with a real engine', (kind) => {
  let image: NodeImage;
  let on: TestInstance;
  beforeAll(async () => {
    image = await buildNodeImage();
    on = await startInstance(image.reference);
  });
  afterAll(async () => {
    await on?.[Symbol.asyncDispose]();
    await image?.[Symbol.asyncDispose]();
  });

  it('lives from its first start over changes while stopped to its removal', async () => {
    const data = join(on.root, 'data');
    const workspaces = new DiskWorkspaces({ dataDirectory: data, engine: on.engine, kind });
    await workspaces.open();
    const imageDigest = await on.engine.imageDigest(image.reference);
    expect(await workspaces.kind(imageDigest)).toBe(kind === 'auto' ? 'overlay' : 'directory');

    const spec = await on.program(`
      process.chdir('/home/sandbox/workspace/app');
      const tool = fs.statSync('node_modules/tool.js');
      const changed = fs.existsSync('main.js') ? fs.readFileSync('main.js', 'utf8') : undefined;
      fs.writeFileSync('main.js', 'from inside');
      fs.writeFileSync('node_modules/added.js', '');
      report({ uid: tool.uid, link: fs.readlinkSync('node_modules/link.js'), changed });
      setInterval(() => {}, 1000);
    `);
    const id = spec.sandboxId;
    const prepared = await workspaces.prepare(id, { imageDigest, template: 'demo' });
    const sandbox = { ...spec, image: imageDigest, ...prepared };
    await on.engine.create(sandbox);
    await on.engine.start(id);
    expect(await on.reported(sandbox)).toEqual({ uid: 1000, link: 'tool.js' });
    await on.engine.stop(id, 5);
    await on.engine.remove(id);

    const files = workspaces.files(id);
    expect((await files.list({ path: '', root: 'app', recursive: true })).entries).toEqual([
      { path: 'main.js', type: 'file', size: 11 },
    ]);
    await files.write({ path: 'main.js', root: 'app', append: false }, Buffer.from('from outside'));

    const again = { ...sandbox, ...(await workspaces.prepare(id, { imageDigest, template: 'demo' })) };
    await on.forget(again);
    await on.engine.create(again);
    await on.engine.start(id);
    expect(await on.reported(again)).toMatchObject({ changed: 'from outside' });

    await on.engine.remove(id);
    await workspaces.remove(id);
    expect(await readdir(join(data, 'sandboxes'))).toEqual([]);
    expect(await readdir(join(data, 'limbo'))).toEqual([]);
    expect(await on.engine.list()).toEqual([]);
    expect(await on.engine.listVolumes()).toEqual([]);
  });
});
