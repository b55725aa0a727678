import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDiff } from './diff.ts';
import { unquotedPath } from './diff-path.ts';

const CHANGED = `diff --git a/src/App.tsx b/src/App.tsx
index 83db48f..bf269f4 100644
--- a/src/App.tsx
+++ b/src/App.tsx
@@ -1,3 +1,3 @@ export
 one
-two
+zwei
 three
@@ -10 +10,2 @@
-ten
+zehn
+elf
`;

const lines = (text: string) => parseDiff(text).files.map((file) => file.lines.map(({ text }) => text));

describe('a diff', () => {
  it('is read as files with numbered lines', () => {
    expect(parseDiff(CHANGED)).toEqual({
      files: [
        {
          path: 'src/App.tsx',
          change: 'changed',
          isBinary: false,
          added: 3,
          removed: 2,
          omitted: 0,
          lines: [
            { kind: 'hunk', text: '@@ -1,3 +1,3 @@ export' },
            { kind: 'same', text: 'one', number: 1 },
            { kind: 'removed', text: 'two', number: 2 },
            { kind: 'added', text: 'zwei', number: 2 },
            { kind: 'same', text: 'three', number: 3 },
            { kind: 'hunk', text: '@@ -10 +10,2 @@' },
            { kind: 'removed', text: 'ten', number: 10 },
            { kind: 'added', text: 'zehn', number: 10 },
            { kind: 'added', text: 'elf', number: 11 },
          ],
        },
      ],
      moreFiles: 0,
    });
  });

  it.each([
    ['added', '--- /dev/null\n+++ b/new.ts\n@@ -0,0 +1 @@\n+x\n', 'new.ts'],
    ['removed', '--- a/old.ts\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n', 'old.ts'],
    ['added', 'diff --git a/empty b/empty\nnew file mode 100644\nindex 0..e\n', 'empty'],
    ['moved', 'diff --git a/a b b/c d\nsimilarity index 100%\nrename from a b\nrename to c d\n', 'c d'],
    ['changed', 'diff --git a/run.sh b/run.sh\nold mode 100644\nnew mode 100755\n', 'run.sh'],
    ['changed', 'diff --git a/a b c b/a b c\n--- a/a b c\n+++ b/a b c\n@@ -1 +1 @@\n-x\n+y\n', 'a b c'],
    ['added', '--- /dev/null\n+++ "b/\\303\\244 \\"q\\".ts"\n@@ -0,0 +1 @@\n+x\n', 'ä "q".ts'],
  ])('tells what became of a file: %s', (change, text, path) => {
    expect(parseDiff(text).files).toMatchObject([{ change, path }]);
  });

  it('tells of a binary file', () => {
    const text =
      'diff --git a/logo.png b/logo.png\nnew file mode 100644\nindex 0..1\nBinary files /dev/null and b/logo.png differ\n';
    expect(parseDiff(text).files).toMatchObject([{ path: 'logo.png', isBinary: true, change: 'added' }]);
  });

  it('takes content for content, whatever it looks like', () => {
    const text = `--- a/a.sql
+++ b/a.sql
@@ -1,3 +1,3 @@
--- a/etc/passwd
-diff --git a/x b/x
+++ b/etc/shadow
+@@ -1 +1 @@
 \\ No newline at end of file
`;
    const [file] = parseDiff(text).files;
    expect(parseDiff(text).files).toHaveLength(1);
    expect(file?.path).toBe('a.sql');
    expect(file?.lines.map(({ kind }) => kind)).toEqual([
      'hunk',
      'removed',
      'removed',
      'added',
      'added',
      'same',
    ]);
  });

  it('says where a file has no end of line, and separates files without a line of git’s', () => {
    const text =
      '--- a/a\n+++ b/a\n@@ -1 +1 @@\n-x\n+y\n\\ No newline at end of file\n--- a/b\n+++ b/b\n@@ -1 +1 @@\n-x\n+y\n';
    expect(lines(text)).toEqual([
      ['@@ -1 +1 @@', 'x', 'y', 'No newline at end of file'],
      ['@@ -1 +1 @@', 'x', 'y'],
    ]);
  });

  it('is cut where it is long, and says by how much', () => {
    const long = `--- a/a\n+++ b/a\n@@ -0,0 +1,2000 @@\n${'+x\n'.repeat(2000)}`;
    const [file] = parseDiff(long).files;
    expect(file?.lines).toHaveLength(500);
    expect(file?.omitted).toBe(1501);
    expect(file?.added).toBe(2000);
    const many = parseDiff('diff --git a/x b/x\nnew file mode 100644\n'.repeat(130));
    expect([many.files.length, many.moreFiles]).toEqual([100, 30]);
    const wide = parseDiff(`--- a/a\n+++ b/a\n@@ -0,0 +1 @@\n+${'x'.repeat(9000)}\n`);
    expect(wide.files[0]?.lines[1]?.text).toHaveLength(501);
  });

  it('that is none, or was cut off, is read as far as it goes', () => {
    expect(parseDiff('')).toEqual({ files: [], moreFiles: 0 });
    const piece = fc.constantFrom(
      '--- a/x\n',
      '+++ b/x\n',
      '@@ -1,2 +1,2 @@\n',
      '@@ -1 +1',
      '+a\n',
      '-b\n',
      ' c\n',
      '\\ x\n',
      'diff --git a/x b/x\n',
      '\n',
      '"',
      'rename to "\\3"\n',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const { files } = parseDiff(pieces.join(''));
        for (const file of files) expect(file.path).not.toBe('');
      }),
    );
  });
});

describe('a path of git’s', () => {
  it.each([
    ['plain.ts', 'plain.ts'],
    ['"a\\tb\\\\c\\nd"', 'a\tb\\c\nd'],
    ['"\\360\\237\\230\\200"', '😀'],
    ['"', '"'],
    ['"ä"', 'ä'],
  ])('%s is %j', (written, path) => {
    expect(unquotedPath(written)).toBe(path);
  });
});
