import { execFile } from 'node:child_process';
import { mkdtempDisposable, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

it('wrangler would deploy the bundle as it is configured', async () => {
  await using directory = await mkdtempDisposable(join(tmpdir(), 'wrangler-'));
  const home = { HOME: directory.path, XDG_CONFIG_HOME: directory.path };
  const quiet = { WRANGLER_SEND_METRICS: 'false', CI: '1', NO_COLOR: '1' };
  const { stdout } = await promisify(execFile)(
    join(ROOT, 'node_modules/.bin/wrangler'),
    ['deploy', '--dry-run', '--outdir', directory.path],
    { cwd: ROOT, env: { PATH: `${dirname(process.execPath)}:${process.env['PATH']}`, ...home, ...quiet } },
  );
  expect(stdout).toContain('--dry-run: exiting now.');
  expect(stdout).toContain('env.SANDBOXD_DATABASE_URL');
  expect(await readFile(join(directory.path, 'edge.js'), 'utf8')).toBe(
    await readFile(join(ROOT, 'dist/edge.js'), 'utf8'),
  );
});
