import { describe, expect, it } from 'vitest';
import { treatmentOf } from './scope.ts';

/** A directory's path ends with a slash. */
const treatment = (path: string) =>
  path.endsWith('/')
    ? treatmentOf(path.slice(0, -1), true, 'snapshot')
    : treatmentOf(path, false, 'snapshot');

describe('of a home, a snapshot', () => {
  it.each([
    'workspace/app/src/main.js',
    'workspace/app/src/',
    '.runtimed/',
    '.runtimed/boot.json',
    // Not the directories that tools fill again.
    'workspace/app/out',
    'workspace/app/node_modules',
    'workspace/app/pages/out.js',
    '.npm/',
    '.npm/_cacache',
    'workspace/app/.npm/_cacache/',
    'workspace/app/.runtimed/x',
    // A repository's content.
    'workspace/app/.git/',
    'workspace/app/.git/HEAD',
    'workspace/app/.git/index',
    'workspace/app/.git/objects/ab/cd',
    'workspace/app/.git/refs/',
    'workspace/app/.git/refs/heads/main',
    'workspace/app/.git/refs/heads/hooks/x',
    'workspace/app/.git/refs/stash',
    'workspace/app/.git/logs/refs/heads/main',
    'workspace/app/.git/info/exclude',
    'workspace/app/.git/modules/lib/refs/heads/hooks/config',
    'workspace/app/.git/modules/hooks/',
    'workspace/app/.git/modules/libs/config/',
    'workspace/app/.github/hooks/x',
    'workspace/app/config',
    'workspace/app/x.git/config',
    'workspace/app/hooks/x',
    'workspace/app/yarn.lock',
  ])('keeps %s', (path) => expect(treatment(path)).toBe('kept'));

  it.each([
    'node_modules/',
    '.next/',
    'out/',
    '.venv/',
    '__pycache__/',
    '.cache/',
    'workspace/app/packages/a/node_modules/',
    '.npm/_cacache/',
    '.local/share/pnpm/store/',
    '.bun/install/cache/',
    '.runtimed/tasks/',
    '.runtimed/tasks/1',
    '.runtimed/other',
    '.runtimed',
    'workspace/app/.git/hooks/',
    'workspace/app/.git/hooks',
    'workspace/app/.git/hooks/pre-commit',
    'workspace/app/.git/config.worktree',
    'workspace/app/.git/FETCH_HEAD',
    'workspace/app/.git/credentials',
    'workspace/app/.git/refs/remotes/',
    'workspace/app/.git/refs/remotes/origin/main',
    'workspace/app/.git/logs/refs/remotes/',
    'workspace/app/.git/index.lock',
    'workspace/app/.git/refs/heads/main.lock',
    'workspace/app/.git/modules/lib/hooks/',
    'workspace/app/.git/modules/a/b/hooks/',
    'workspace/app/.git/modules/lib/modules/deep/FETCH_HEAD',
    'workspace/app/.git/modules/lib/refs/remotes/',
    'workspace/app/.git/worktrees/w/config.worktree',
    'workspace/app/vendor/.git/x/.git/hooks/',
    '.git/hooks/',
  ])('leaves out %s', (path) => expect(treatment(path)).toBe('left-out'));

  it.each([
    '.git/config',
    'workspace/app/.git/config',
    'workspace/app/.git/modules/lib/config',
    'workspace/app/.git/modules/config/config',
    'workspace/app/.git/modules/a/config/config',
    'workspace/app/.git/modules/lib/modules/deep/config',
  ])('cleans the configuration %s', (path) => expect(treatment(path)).toBe('git-config'));

  it.each(['workspace/app/.git/packed-refs', 'workspace/app/.git/modules/lib/packed-refs'])(
    'cleans the references %s',
    (path) => expect(treatment(path)).toBe('git-packed-refs'),
  );
});

describe('of a home, a backup', () => {
  it.each(['.runtimed/tasks/1', 'workspace/app/.git/config', 'workspace/app/.git/hooks/x'])(
    'keeps %s',
    (path) => expect(treatmentOf(path, false, 'backup')).toBe('kept'),
  );

  it.each(['workspace/app/node_modules', '.npm/_cacache'])('leaves out %s', (path) =>
    expect(treatmentOf(path, true, 'backup')).toBe('left-out'),
  );
});
