import type { Treatment } from './scope.ts';

/** What becomes of the text of files that are not kept as they are; one byte a character. */
export const REWRITERS: Partial<Record<Treatment, (text: string) => string>> = {
  'git-config': neutralGitConfig,
  'git-packed-refs': withoutRemoteRefs,
};

/** All that a repository's own format needs: nothing that names a program, a place or a person. */
const KEPT: Readonly<Record<string, readonly string[]>> = {
  core: ['repositoryformatversion', 'filemode', 'bare', 'logallrefupdates', 'symlinks', 'ignorecase'],
  extensions: ['objectformat', 'compatobjectformat', 'refstorage'],
};

/** A number, a boolean, a format's name. */
const PLAIN_VALUE = /^[A-Za-z0-9]{1,32}$/;

const SECTION = /^\s*\[\s*([^\]"]*?)\s*("(?:[^"\\]|\\.)*")?\s*\]/;

/** A `config` of a git repository, reduced to what its format needs. */
export function neutralGitConfig(config: string): string {
  const kept = new Map<string, Map<string, string>>();
  let section: string | undefined;
  for (const line of logicalLines(config)) {
    const header = SECTION.exec(line);
    if (header !== null) section = header[2] === undefined ? header[1]?.toLowerCase() : undefined;
    const setting = settingOf(line.slice(header?.[0].length ?? 0));
    if (section === undefined || setting === undefined || !KEPT[section]?.includes(setting.key)) continue;
    // Of several, the last one counts, as for git.
    kept.set(section, (kept.get(section) ?? new Map()).set(setting.key, setting.value));
  }
  return [...kept].map(([section, settings]) => sectionText(section, settings)).join('');
}

/** A line that ends with a backslash goes on with the next one. */
const logicalLines = (text: string): string[] => text.replaceAll(/\\\r?\n/g, '').split(/\r?\n/);

function settingOf(text: string): { key: string; value: string } | undefined {
  const [, key, value = 'true'] =
    /^\s*([A-Za-z][A-Za-z0-9-]*)\s*(?:=\s*([^#;]*))?(?:[#;].*)?$/.exec(text) ?? [];
  if (key === undefined) return undefined;
  const plain = value.trim().replace(/^"(.*)"$/, '$1');
  return PLAIN_VALUE.test(plain) ? { key: key.toLowerCase(), value: plain } : undefined;
}

const sectionText = (section: string, settings: ReadonlyMap<string, string>): string =>
  [`[${section}]`, ...[...settings].map(([key, value]) => `\t${key} = ${value}`), ''].join('\n');

/** A `packed-refs` of a git repository without the references of its remotes. */
export function withoutRemoteRefs(packedRefs: string): string {
  let isDropped = false;
  const lines = packedRefs.split('\n').filter((line) => {
    // What an annotated tag points at follows the tag's own line.
    if (!line.startsWith('^')) isDropped = /^[0-9a-f]+ refs\/remotes\//.test(line);
    return !isDropped;
  });
  return lines.join('\n');
}
