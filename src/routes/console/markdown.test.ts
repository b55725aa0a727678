import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cpuTime } from '../../../tests/harness/cpu-time.ts';
import { renderView } from '../../views/render.ts';
import { markdownBlocks } from './markdown.ts';

const shown = (source: string) =>
  renderView('log-entries', {
    entries: [{ id: 'm', kind: 'message', blocks: markdownBlocks(source), isCut: false }],
  });

const text = (value: string) => ({ kind: 'text', text: value });

describe('a message of an agent', () => {
  it.each([
    ['', []],
    ['Hello\nthere', [{ kind: 'paragraph', spans: [text('Hello\nthere')] }]],
    [
      'One\r\n\r\nTwo',
      [
        { kind: 'paragraph', spans: [text('One')] },
        { kind: 'paragraph', spans: [text('Two')] },
      ],
    ],
    ['## Plan', [{ kind: 'heading', spans: [text('Plan')] }]],
    [
      'Use `a < b` and **not** c',
      [
        {
          kind: 'paragraph',
          spans: [
            text('Use '),
            { kind: 'code', text: 'a < b' },
            text(' and '),
            { kind: 'strong', text: 'not' },
            text(' c'),
          ],
        },
      ],
    ],
    ['```ts\nconst a = `1`;\n\nb();\n```', [{ kind: 'code', text: 'const a = `1`;\n\nb();' }]],
    ['```\nstill being written', [{ kind: 'code', text: 'still being written' }]],
    ['~~~\n```\n~~~', [{ kind: 'code', text: '```' }]],
    [
      '- one\n- two\n  goes on\n',
      [{ kind: 'list', first: undefined, items: [[text('one')], [text('two\ngoes on')]] }],
    ],
    ['3. three\n4. four', [{ kind: 'list', first: 3, items: [[text('three')], [text('four')]] }]],
    [
      'Is it at https://a.example/x?',
      [
        {
          kind: 'paragraph',
          spans: [
            text('Is it at '),
            { kind: 'link', text: 'https://a.example/x', href: 'https://a.example/x' },
            text('?'),
          ],
        },
      ],
    ],
    ['a ** b ` c [d](e)', [{ kind: 'paragraph', spans: [text('a ** b ` c [d](e)')] }]],
    [
      'See [docs](https://a.example/x)',
      [
        {
          kind: 'paragraph',
          spans: [text('See '), { kind: 'link', text: 'docs', href: 'https://a.example/x' }],
        },
      ],
    ],
    [
      'at http://localhost:3000/a?b=1',
      [
        {
          kind: 'paragraph',
          spans: [
            text('at '),
            { kind: 'link', text: 'http://localhost:3000/a?b=1', href: 'http://localhost:3000/a?b=1' },
          ],
        },
      ],
    ],
  ])('%j is read as its blocks', (source, blocks) => {
    expect(markdownBlocks(source)).toEqual(blocks);
  });

  it.each([
    '[x](javascript:alert(1))',
    '[x](data:text/html,<script>alert(1)</script>)',
    '[x](//evil.example)',
    '<a href="javascript:alert(1)">x</a>',
    '[x](vbscript:x)',
  ])('%j leads nowhere', (source) => {
    expect(shown(source)).not.toContain('<a ');
  });

  it('is never markup of its own, whatever it says', () => {
    const piece = fc.constantFrom(
      '<script>alert(1)</script>',
      '<img src=x onerror=alert(1)>',
      '"',
      "'",
      '"><b>',
      '`',
      '```',
      '**',
      '[',
      '](',
      ')',
      'https://a.example/"onmouseover="alert(1)',
      'javascript:alert(1)',
      '- ',
      '1. ',
      '# ',
      '\n',
      '\n\n',
      ' ',
      '&lt;',
      '\u0000',
      '\u202E',
      'word',
    );
    const message = fc.oneof(
      fc.array(piece, { maxLength: 30 }).map((parts) => parts.join('')),
      fc.string(),
    );
    fc.assert(
      fc.property(message, (source) => {
        const tags = [...shown(source).matchAll(/<(\/?[a-z]+)([^>]*)>/g)].map(([, name, rest]) => [
          name,
          rest,
        ]);
        for (const [name = '', attributes = ''] of tags) {
          expect(name.replace('/', '')).toMatch(/^(li|div|p|pre|code|strong|a|ul|ol)$/);
          const names = [...attributes.matchAll(/\s([a-z-]+)="[^"]*"/g)].map(([, attribute]) => attribute);
          for (const attribute of names) {
            expect(attribute).toMatch(/^(class|id|dir|tabindex|aria-label|start|href|target|rel|title)$/);
          }
          expect(attributes.replaceAll(/\s[a-z-]+="[^"]*"/g, '')).toBe('');
          expect(name !== 'a' || /^ href="https?:\/\//.test(attributes)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is read in no time however it is made', () => {
    const parts = ['[', '`', '**', '*', '```\n', '[a](http://', '- ', '1. ', '# ', 'https://'];
    const read = () => parts.map((part) => markdownBlocks(part.repeat(Math.ceil(20_000 / part.length))));
    expect(cpuTime(read)).toBeLessThan(3000);
  });
});
