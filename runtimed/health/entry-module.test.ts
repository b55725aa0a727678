import { describe, expect, it } from 'vitest';
import { entryModule } from './entry-module.ts';

const CLIENT = '<script type="module" src="/@vite/client"></script>';
const page = (...scripts: string[]) =>
  `<!doctype html><html><head>${CLIENT}</head><body>${scripts.join('')}</body>`;

describe("the entry module of a Vite app's page", () => {
  it.each([
    ['<script type="module" src="/src/main.tsx"></script>', '/', '/src/main.tsx'],
    ["<script src='/src/main.tsx?t=1' async type='module'></script>", '/', '/src/main.tsx?t=1'],
    ['<script type="module" crossorigin src="./main.js"></script>', '/base/', '/base/main.js'],
    ['<script src="/classic.js"></script><script type="module" src="/a.ts"></script>', '/', '/a.ts'],
    ['<script type="module">inline()</script><script type="module" src="/b.ts"></script>', '/', '/b.ts'],
    ['<script type="module" src="/a.ts?x=1&amp;y=2"></script>', '/', '/a.ts?x=1&y=2'],
  ])('of %s at %s is %s', (script, path, entry) => {
    expect(entryModule(page(script), path)).toBe(entry);
  });

  it.each([
    ['a page without a module', page()],
    ["a page that is not Vite's", '<script type="module" src="/src/main.tsx"></script>'],
    ['a module of another host', page('<script type="module" src="https://cdn.example/x.js"></script>')],
    ['a module that is no URL', page('<script type="module" src="http://[bad"></script>')],
  ])('is not to be found on %s', (_, html) => {
    expect(entryModule(html, '/')).toBeUndefined();
  });
});
