/** Sections whose keys only say how the repository is laid out; everything else names somebody, or something to run. */
const LAYOUT_KEYS =
  /^\s*(?:repositoryformatversion|filemode|bare|ignorecase|symlinks|objectformat)\s*=\s*[\w-]+\s*$/i;
const SECTION = /^\s*\[\s*(core|extensions)\s*\]\s*$/i;

/** What of a repository's configuration its format needs: no remotes, credentials, hooks, programs or includes. */
export function neutralConfig(text: string): string {
  const kept: string[] = [];
  let isKept = false;
  for (const line of text.split('\n')) {
    if (/^\s*\[/.test(line)) isKept = SECTION.test(line);
    if (isKept && (SECTION.test(line) || LAYOUT_KEYS.test(line))) kept.push(line);
  }
  return kept.map((line) => `${line}\n`).join('');
}

/** `packed-refs` without what was fetched from remotes. */
export function localRefs(text: string): string {
  const kept: string[] = [];
  let isKept = true;
  for (const line of text.split('\n')) {
    // A line of what a tag points to belongs to the tag before it.
    if (!line.startsWith('^')) isKept = !/^[0-9a-f]+ refs\/remotes\//.test(line);
    if (isKept) kept.push(line);
  }
  return kept.join('\n');
}
