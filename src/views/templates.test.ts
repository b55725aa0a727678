import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { staleViews } from '../../scripts/build-views.ts';

const directory = new URL('./templates/', import.meta.url);
const names = (await readdir(directory)).filter((name) => name.endsWith('.eta'));
const templates = await Promise.all(
  names.map(async (name) => [name, await readFile(new URL(name, directory), 'utf8')] as const),
);

describe.each(templates)('%s', (_, source) => {
  it('puts in no markup but its own parts', () => {
    const raw = [...source.matchAll(/<%~([^%]*)%>/g)].map(([, code = '']) => code.trim());
    expect(raw.filter((code) => code !== 'it.body' && !/^include\('@[\w-]+', .+\)$/.test(code))).toEqual([]);
  });

  it('quotes every attribute that holds a value', () => {
    expect(source).not.toMatch(/=<%/);
  });

  it('has nothing that the content security policy refuses', () => {
    expect(source).not.toMatch(/\sstyle=|\son\w+=|hx-on|hx-vals=["']js|javascript:|<style/);
    expect(source).not.toMatch(/<script(?![^>]* src=)/);
    // htmx makes functions of trigger filters, which the policy forbids.
    expect(source).not.toMatch(/hx-trigger="[^"]*\[/);
  });
});

describe('the generated modules', () => {
  it('are what the sources say: run "node scripts/build-views.ts" otherwise', async () => {
    expect(await staleViews()).toEqual([]);
  });
});
