import { describe, expect, it } from 'vitest';
import { neutralGitConfig, withoutRemoteRefs } from './git-config.ts';

const core = (...lines: string[]) => ['[core]', ...lines.map((line) => `\t${line}`), ''].join('\n');

describe('a repository’s configuration', () => {
  it('keeps what its format needs', () => {
    const config = core('repositoryformatversion = 1', 'filemode = true', 'bare = false');
    const extensions = '[extensions]\n\tobjectformat = sha256\n\trefstorage = reftable\n';
    expect(neutralGitConfig(config + extensions)).toBe(config + extensions);
  });

  it.each([
    ['a remote and its token', '[remote "origin"]\n\turl = https://a:token-not-real@git.example/x'],
    ['a program to watch files', core('fsmonitor = /bin/evil').trim()],
    ['hooks elsewhere', core('hooksPath = /tmp/hooks').trim()],
    ['a program to connect with', core('sshCommand = evil').trim()],
    ['an editor, on its section’s line', '[core] editor = evil'],
    ['an alias', '[alias]\n\tst = !evil'],
    ['a helper of credentials', '[credential]\n\thelper = store'],
    ['a helper for one place', '[credential "https://git.example"]\n\thelper = !evil'],
    ['an include', '[include]\n\tpath = /etc/evil'],
    ['a conditional include', '[includeIf "gitdir:/"]\n\tpath = /etc/evil'],
    ['a person', '[user]\n\tname = Ada\n\temail = ada@example.com'],
    ['a filter', '[filter "lfs"]\n\tprocess = evil'],
    ['a section that only begins alike', '[core "x"]\n\tbare = true'],
    ['the old way to write that', '[core.x]\n\tbare = true'],
    ['a value that is more than a word', core('filemode = "true ; rm"').trim()],
    ['a value that goes on in the next line', '[core]\n\tfilemode = tr\\\n/ue'],
    ['a place of its own', core('worktree = /etc').trim()],
    ['a format that names a place', '[extensions]\n\trefstorage = files:///etc'],
    ['what only looks like a section', '# [core]\n; bare = true\nbare = true'],
  ])('loses %s', (_what, text) => {
    expect(neutralGitConfig(`${text}\n`)).toBe('');
  });

  it('is read as git reads it', () => {
    const config =
      '\ufeff\n[CORE]\r\n  Bare = true # really\r\n[user]\nname = x\n[core]\n\tbare=false\n\tsymlinks\n';
    expect(neutralGitConfig(config)).toBe(core('bare = false', 'symlinks = true'));
    expect(neutralGitConfig('[core] bare = "false" ; said twice')).toBe(core('bare = false'));
  });
});

describe('a repository’s packed references', () => {
  it('are without those of remotes, and what belongs to them', () => {
    const id = 'a'.repeat(40);
    const lines = [
      '# pack-refs with: peeled fully-peeled sorted ',
      `${id} refs/heads/main`,
      `${id} refs/remotes/origin/main`,
      `^${id}`,
      `${id} refs/tags/v1`,
      `^${id}`,
      '',
    ];
    const kept = lines.filter((_line, at) => at !== 2 && at !== 3);
    expect(withoutRemoteRefs(lines.join('\n'))).toBe(kept.join('\n'));
    expect(withoutRemoteRefs('')).toBe('');
  });
});
