import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { BASE_LABEL } from '../../images/build.ts';
import { filesOf, readDocument } from '../harness/document.ts';

const TOOLCHAIN = new URL('../../images/toolchain/Dockerfile', import.meta.url);

/** What the ENV instructions of a Dockerfile set, each as `NAME=value`. */
const settingsOf = (dockerfile: string): string[] =>
  [...dockerfile.matchAll(/^ENV ((?:.*\\\n)*.*)$/gm)].flatMap(
    ([, list = '']) => list.match(/\w+=\S+/g) ?? [],
  );

it('the image from scratch in docs/base-image.md sets what the tools it takes over need, and names its base', async () => {
  const sections = await readDocument('base-image.md');
  const files = Object.assign({}, ...sections.map(filesOf)) as Record<string, string>;
  const scratch = files['Dockerfile.scratch'] ?? '';
  const needed = settingsOf(await readFile(TOOLCHAIN, 'utf8'));
  expect(needed.length).toBeGreaterThan(10);
  expect(settingsOf(scratch).toSorted()).toEqual(needed.toSorted());
  expect(scratch).toContain(`LABEL ${BASE_LABEL}=\${BASE}`);
});
