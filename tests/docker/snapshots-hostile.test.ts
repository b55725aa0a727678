import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Installation } from '../harness/installation.ts';
import { clearAway, SnapshotDesk } from '../harness/snapshot-desk.ts';

const run = promisify(execFile);
/** Of the host; nothing of a sandbox may lead to it. */
const SECRET = 'nothing of a sandbox leads here';

let site: Installation;
let outside: string;
let desk: SnapshotDesk;

beforeAll(async () => {
  site = await Installation.make();
  outside = await mkdtemp('/tmp/sbx-outside-');
  await chmod(outside, 0o755);
  for (const name of ['secret', 'config', 'boot.json', 'app'])
    await writeFile(join(outside, name), SECRET, { mode: 0o644 });
  await site.up();
});
afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await rm(outside, { recursive: true, force: true });
});
beforeEach(async () => {
  desk = await SnapshotDesk.make(site);
});
afterEach(() => clearAway(site));

/** The bytes of the tar archive of a snapshot, as the system's own tools see them. */
async function readArchive(id: string): Promise<{ names: string[]; holdsSecret: boolean }> {
  const archive = join(site.dataDir, 'snapshots', id, 'archive.tar.zst');
  const options = { maxBuffer: 2 ** 28 };
  const { stdout } = await run('tar', ['--zstd', '--quoting-style=escape', '-tf', archive], options);
  const { stdout: count } = await run(
    'bash',
    ['-c', 'zstd -dcq "$1" | grep -ac "$2" || true', 'count', archive, SECRET],
    options,
  );
  return { names: stdout.split('\n').slice(0, -1), holdsSecret: count.trim() !== '0' };
}

const expectOutsideUntouched = async () => {
  for (const name of ['', 'secret', 'app', 'boot.json'])
    expect(await stat(join(outside, name))).toMatchObject({ uid: 0, gid: 0 });
};

/** Moves everything about for as long as it runs, without a pause. */
const restless = () => `
  const fs = require('node:fs');
  const { execFileSync } = require('node:child_process');
  process.chdir(process.env.HOME);
  const make = (path, content) => { fs.mkdirSync(path, { recursive: true }); fs.writeFileSync(path + '/secret', content); };
  make('swapped/deep/deeper', 'inside'); make('swapped', 'inside'); fs.symlinkSync('${outside}', 'way-out');
  fs.writeFileSync('turns', 'a file'); execFileSync('mkfifo', ['pipe']);
  fs.writeFileSync('grows', '');
  const swap = (one, other) => {
    fs.renameSync(one, 'aside'); fs.renameSync(other, one); fs.renameSync(one, other); fs.renameSync('aside', one);
  };
  const end = Date.now() + 280_000;
  for (let i = 0; Date.now() < end; i += 1) {
    swap('swapped', 'way-out');
    swap('turns', 'pipe');
    fs.appendFileSync('grows', 'more and more ');
    fs.mkdirSync('short/lived', { recursive: true }); fs.writeFileSync('short/lived/' + i, ''); fs.rmSync('short', { recursive: true });
    fs.linkSync('grows', 'linked' + (i % 2)); fs.rmSync('linked' + (i % 2), { force: true });
    if (i % 1000 === 0) fs.truncateSync('grows', 1000);
  }`;

describe('a tenant who moves everything about while it is captured', () => {
  it('is captured all the same, without anything from outside', { timeout: 300_000 }, async () => {
    await desk.exec(`cat > ~/restless.cjs <<'END'\n${restless()}\nEND
      setsid node ~/restless.cjs > /tmp/restless.log 2>&1 < /dev/null &`);
    for (let round = 0; round < 6; round += 1) {
      const snapshot = await desk.capture(`round ${round}`);
      expect(snapshot).toMatchObject({ status: 'ready' });
      expect((await readArchive(snapshot.id)).holdsSecret).toBe(false);
    }
    expect(await desk.exec('cat /tmp/restless.log; pgrep -fc restless.cjs')).toMatch(/^[1-9]/);
    await desk.exec('pkill -f restless.cjs');
    const last = await desk.capture('at rest again');
    const { names } = await readArchive(last.id);
    expect(names).toEqual(expect.arrayContaining(['swapped/deep/deeper/secret', 'turns', 'way-out']));
    const fork = await desk.fork(last.id);
    await fork.serves();
    expect(await fork.exec('cat ~/swapped/secret ~/turns; readlink ~/way-out')).toBe(
      `insidea file${outside}\n`,
    );
    await expectOutsideUntouched();
  });

  it('may hold whatever a file system takes', { timeout: 300_000 }, async () => {
    await desk.exec(`cd ~ && mkdir many names deep one other && seq 50000 | (cd many && xargs touch) &&
      touch "names/$(printf 'new\\nline')" "names/$(printf '\\377\\376')" "names/$(printf 'n%.0s' $(seq 255))" names/-rf 'names/\\' &&
      truncate -s 10G holes && cp /bin/true setuid && chmod 6755 setuid && mkfifo pipe &&
      node -e "require('net').createServer().listen('socket', () => process.kill(process.pid, 'SIGKILL'))"; 
      echo linked > one/name && ln one/name other/name && ln -s /etc/shadow shadow && ln -s ../../../../etc up &&
      (cd deep && for i in $(seq 90); do mkdir $(printf 'd%.0s' $(seq 200)) && cd $(printf 'd%.0s' $(seq 200)); done; echo bottom > bottom)`);
    const snapshot = await desk.capture('everything');
    expect(snapshot).toMatchObject({
      status: 'ready',
      warnings: [
        '1 named pipe was left out',
        '1 socket was left out',
        expect.stringContaining('path'),
        '1 entry lost its set-id bits',
      ],
    });
    const fork = await desk.fork(snapshot.id);
    expect(await fork.serves()).toBe(await desk.serves());
    const seen =
      await fork.exec(`cd ~ && ls many | wc -l && LC_ALL=C ls -b names && stat -c '%s %b' holes && stat -c %a setuid &&
      stat -c %h one/name && readlink shadow up && test ! -e pipe && find deep -name bottom | wc -l`);
    expect(seen.split('\n')).toEqual([
      '50000',
      '-rf',
      '\\\\',
      'new\\nline',
      'n'.repeat(255),
      '\\377\\376',
      expect.stringMatching(/^10737418240 \d{1,3}$/),
      '755',
      '2',
      '/etc/shadow',
      '../../../../etc',
      expect.stringMatching(/^[01]$/),
      '',
    ]);
  });
});

/** What a tenant puts in the place of what the node and runtimed look for. */
const TRAPS: readonly (readonly [string, (outside: string) => string])[] = [
  [
    'symlinks that lead out',
    (to) => `ln -sfn ${to}/boot.json .runtimed/boot.json && cd workspace/app && rm -rf .git && git init -q &&
      ln -sfn ${to}/config .git/config`,
  ],
  [
    'pipes',
    () => `rm -rf .runtimed && mkfifo .runtimed && cd workspace/app && rm -rf .git && git init -q &&
      rm .git/config && mkfifo .git/config`,
  ],
  [
    'what is of another kind, and what is huge',
    () => `rm .runtimed/boot.json && mkdir .runtimed/boot.json && cd workspace/app && rm -rf .git && git init -q &&
      truncate -s 1G .git/config`,
  ],
  [
    'directories that lead out',
    (to) => `mv workspace moved && ln -s ${to} workspace && rm -rf .runtimed && ln -s ${to} .runtimed`,
  ],
  [
    'an app that is the system’s',
    () => 'mv workspace/app moved && ln -s /etc workspace/app && truncate -s 8G .runtimed/boot.json',
  ],
  [
    'directories that are closed',
    (to) =>
      `cd workspace/app && rm -rf .git && ln -s ${to} .git && chmod 000 ~/workspace/app ~/workspace ~/.runtimed`,
  ],
];

describe('a tenant who leaves a trap', () => {
  it.each(TRAPS)(
    'of %s is captured, restored, and put back to what was before',
    { timeout: 240_000 },
    async (_, trap) => {
      await desk.says('before');
      const before = await desk.capture('before');
      await desk.exec(`cd ~ && ${trap(outside)}`);
      const live = await desk.capture('alive');
      await desk.stop();
      const asleep = await desk.capture('asleep', false);
      for (const { id, status } of [live, asleep]) {
        expect(status).toBe('ready');
        expect((await readArchive(id)).holdsSecret).toBe(false);
      }
      expect((await desk.restore(asleep.id)).status).toBe('running');
      await desk.restore(before.id);
      expect(await desk.serves()).toBe('before');
      await expectOutsideUntouched();
    },
  );
});
