import { describe, expect, it } from 'vitest';
import { validateManifest } from './manifest-validation.ts';
import { PRESETS } from './preset.ts';

const paths = (text: string) => validateManifest(text).warnings.map(({ path }) => path);

describe('validating a sandbox.yaml', () => {
  it.each(PRESETS)('accepts what the preset $id writes', ({ manifest }) => {
    expect(validateManifest(manifest)).toMatchObject({ valid: true, errors: [], warnings: [] });
  });

  it('shows the manifest with its defaults', () => {
    expect(validateManifest('version: 1\nweb:\n  port: 8080\n').effective).toEqual({
      web: { command: 'pnpm dev', port: 8080, health_path: '/', restart_after_task: false },
      build: { command: 'pnpm build', timeout_seconds: 120 },
      workers: [],
    });
  });

  it.each([
    ['', 'version'],
    ['web: {}', 'version'],
    ['version: 2\nweb: {}', 'version'],
    ['version: "1"\nweb: {}', 'version'],
    ['version: 1\nservices: {}', 'services'],
    ['version: 1\nprocesses: []', 'processes'],
    ['version: 1\ncommand: node .', 'command'],
    ['version: 1\nport: 80', 'port'],
    ['version: 1\nweb: {port: 0}', 'web.port'],
    ['[', ''],
    ['- 1', ''],
    ['version: 1\nweb: {port: 1}\n---\nweb: {port: 2}', ''],
    ['version: 1\nweb: {command: "a\0b"}', 'web.command'],
    ['version: 1\nweb: {command: "\\ud800"}', 'web.command'],
  ])('refuses %j at %j', (text, path) => {
    const { valid, errors, effective } = validateManifest(text);
    expect(valid).toBe(false);
    expect(errors.map((error) => error.path)).toContain(path);
    expect(effective).toBeUndefined();
  });

  it('lists every mistake at once', () => {
    const text = 'services: {}\nweb: {port: x, health_path: x}\nworkers: [{name: web, command: a}, 3]';
    expect(validateManifest(text).errors.map(({ path }) => path)).toEqual([
      'version',
      'services',
      'web.port',
      'web.health_path',
      'workers[0].name',
      'workers[1]',
    ]);
  });

  it('warns of fields it would ignore, and of a file that declares nothing', () => {
    const text =
      'version: 1\nnetwork: x\nweb: {prot: 1}\nbuild: {x: 1}\nworkers: [{name: a, command: b, y: 1}]';
    expect(paths(text)).toEqual(['network', 'web.prot', 'build.x', 'workers[0].y']);
    expect(paths('version: 1')).toEqual(['']);
    expect(paths('version: 1\nweb:')).toEqual([]);
  });

  it('warns of a tag that YAML passes over', () => {
    const { valid, warnings } = validateManifest('version: 1\nweb: !mine {port: 1}');
    expect(valid).toBe(true);
    expect(warnings).toEqual([{ path: '', message: expect.stringContaining('Unresolved tag: !mine') }]);
  });

  it('shows a key that is not a word as what it is', () => {
    const text = 'version: 1\nweb: {"a b": 1, "": 2, "\\u001b[31m": 3}';
    expect(paths(text)).toEqual(['web."a b"', 'web.""', 'web."\\u001b[31m"']);
  });

  it('lists the first problems of many, each of a length that can be shown', () => {
    const { errors } = validateManifest(`version: 1\nworkers: [${'1,'.repeat(5000)}]`);
    expect(errors).toHaveLength(51);
    expect(errors.at(-1)).toEqual({ path: '', message: 'and 4950 more of these' });
    const { warnings } = validateManifest(`version: 1\n? ${'k'.repeat(10_000)}\n: 1`);
    expect(warnings[0]?.path.length).toBeLessThan(100);
    const [alias] = validateManifest(`a: *${'x'.repeat(10_000)}`).errors;
    expect(alias?.message).toMatch(/^is not valid YAML: Unresolved alias/);
    expect(alias?.message.length).toBeLessThanOrEqual(300);
  });

  it('says of what is nested without end that it is', () => {
    expect(validateManifest('['.repeat(16_000)).errors).toEqual([
      { path: '', message: 'is nested too deeply' },
    ]);
  });
});
