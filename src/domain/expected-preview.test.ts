import { expect, it } from 'vitest';
import { expectedPreview } from './expected-preview.ts';

it.each([
  ['worker', true, 'none'],
  ['worker', false, 'none'],
  ['react-vite', true, 'starting'],
  ['react-vite', false, 'down'],
  [undefined, true, 'starting'],
  ['of another version', true, 'starting'],
])('of the preset %s, coming: %s, is %s', (preset, isComing, status) => {
  expect(expectedPreview(preset, isComing)).toEqual({ status });
});
