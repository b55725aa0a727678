import { expect, test } from 'vitest';
import { MAX_TOOL_OUTPUT } from '../../src/domain/task.ts';
import { type ToolUse, toolProgress } from './tool-use.ts';

const APP = '/home/sandbox/workspace/app';

const use = (over: Partial<ToolUse>): ToolUse => ({
  id: 'one',
  name: 'read',
  kind: 'read',
  status: 'running',
  ...over,
});

test.each([
  [`${APP}/src/App.tsx`, 'src/App.tsx'],
  ['src/App.tsx', 'src/App.tsx'],
  [`${APP}/..hidden`, '..hidden'],
  [APP, '.'],
  [`${APP}-other/file`, `${APP}-other/file`],
  [`${APP}/../secret`, `${APP}/../secret`],
  ['/etc/passwd', '/etc/passwd'],
])('%s is shown as %s', (path, shown) => {
  expect(toolProgress(use({ path }), APP)).toMatchObject({ path: shown, title: `Read ${shown}` });
});

const title = (over: Partial<ToolUse>) => toolProgress(use(over), APP).title;

test('a title is the command, or what is done to what', () => {
  expect(title({ command: 'npm test', path: 'x' })).toBe('npm test');
  expect(title({ name: 'grep', subject: 'TODO' })).toBe('Grep TODO');
  expect(title({ name: 'todowrite' })).toBe('Todowrite');
});

test('nothing is cut here: what is left of a secret would not be known for one', () => {
  const output = `first ${'.'.repeat(MAX_TOOL_OUTPUT)} last`;
  const shown = toolProgress(use({ kind: 'execute', command: output, output }), APP);
  expect(shown).toMatchObject({ title: output, output });
});

test('an output is well-formed', () => {
  expect(toolProgress(use({ output: 'a\ud83d' }), APP).output).toBe('a\ufffd');
});
