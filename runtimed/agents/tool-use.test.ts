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
  expect(title({ command: 'x'.repeat(1000) })).toHaveLength(300);
});

test('of a long output the end is kept for a command, and the beginning otherwise', () => {
  const output = `first ${'.'.repeat(MAX_TOOL_OUTPUT)} last`;
  const command = toolProgress(use({ kind: 'execute', output }), APP).output;
  const file = toolProgress(use({ output }), APP).output;
  expect(command).toHaveLength(MAX_TOOL_OUTPUT);
  expect(command).toMatch(/last$/);
  expect(file).toHaveLength(MAX_TOOL_OUTPUT);
  expect(file).toMatch(/^first/);
});

test('an output is never cut within a character', () => {
  const output = `${'.'.repeat(MAX_TOOL_OUTPUT - 1)}😀`;
  expect(toolProgress(use({ output }), APP).output?.isWellFormed()).toBe(true);
});
