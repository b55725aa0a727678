import { describe, expect, it } from 'vitest';
import { KNOWN_KEYS } from '../../src/domain/manifest-schema.ts';
import { validateManifest } from '../../src/domain/manifest-validation.ts';
import { resolveManifest } from '../../src/domain/manifest.ts';
import { PRESETS, type Preset } from '../../src/domain/preset.ts';
import { PREVIEW_STATUSES } from '../../src/domain/runtimed.ts';
import { readDocument, rowsOf } from '../harness/document.ts';

const document = await readDocument('sandbox-manifest.md');
const rows = (title: string) => rowsOf(document.find((section) => section.title === title)?.text ?? '');
const fences = document.flatMap((section) => section.fences);

const REQUIRED = new Set(['version', 'workers[].name', 'workers[].command']);

/** Blocks of one kind, each with the text of the block after it. */
const withAnswers = (title: string) =>
  fences.flatMap((fence, index) =>
    fence.title === title ? [{ text: fence.text, says: fences[index + 1]?.text ?? '' }] : [],
  );
const told = (problems: readonly { path: string; message: string }[]): string =>
  problems.map(({ path, message }) => `${path === '' ? '' : `${path}: `}${message}\n`).join('');

describe('the tables of docs/sandbox-manifest.md', () => {
  it('list every field there is, with its default', () => {
    const names = [
      'version',
      ...KNOWN_KEYS.web.map((key) => `web.${key}`),
      ...KNOWN_KEYS.build.map((key) => `build.${key}`),
      ...KNOWN_KEYS.worker.map((key) => `workers[].${key}`),
    ];
    const { manifest } = resolveManifest('{web: {}, workers: [{name: a, command: b}]}');
    const defaults = { web: manifest.web, build: manifest.build, 'workers[]': manifest.workers[0] };
    const defaultOf = (name: string): string => {
      if (REQUIRED.has(name)) return '–';
      const [block = '', key = ''] = name.split('.');
      return String(Reflect.get(Reflect.get(defaults, block) ?? {}, key));
    };
    const shown = rows('Fields').map(([name, value]) => [name, value?.replace(/^.*, else /, '')]);
    expect(shown).toEqual(names.map((name) => [name, defaultOf(name)]));
  });

  it('list every preset there is, as its sandbox.yaml has it', () => {
    expect(rows('Presets')).toEqual(PRESETS.map(presetRow));
  });

  it('list every state of a preview', () => {
    expect(rows("The preview's state").map(([name]) => name)).toEqual(PREVIEW_STATUSES);
  });
});

function presetRow(preset: Preset): string[] {
  const { web, workers, build } = resolveManifest(undefined, { preset }).manifest;
  const [worker] = workers;
  const runs = web?.command ?? `${worker?.name}: ${worker?.command}`;
  const restarts = (web ?? worker)?.restart_after_task === true ? 'yes' : 'no';
  return [
    preset.id,
    runs,
    web ? `${web.port}, ${web.health_path}` : 'none',
    restarts,
    build.command || 'none',
  ];
}

describe('the manifests of docs/sandbox-manifest.md', () => {
  const valid = fences.filter(({ title }) => title === 'sandbox.yaml');

  it.each(valid)('valid: $text', ({ text }) => {
    expect(validateManifest(text)).toMatchObject({ valid: true, errors: [], warnings: [] });
  });

  it.each(withAnswers('invalid'))('invalid: $text', ({ text, says }) => {
    expect(told(validateManifest(text).errors)).toBe(says);
  });

  it.each(withAnswers('warned'))('with a warning: $text', ({ text, says }) => {
    const { valid, warnings } = validateManifest(text);
    expect(valid).toBe(true);
    expect(told(warnings)).toBe(says);
  });

  it('are of a kind that is tested', () => {
    const kinds = fences.filter(({ language }) => language === 'yaml').map(({ title }) => title);
    expect(new Set(kinds)).toEqual(new Set(['sandbox.yaml', 'invalid', 'warned']));
  });
});
