import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createTerminal } from './terminal.ts';

function streams(tty: boolean) {
  const stream = () => Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY: tty, columns: 40 });
  return { input: stream(), output: stream(), errors: stream() };
}

const written = (stream: PassThrough): string => (stream.read() as string | null) ?? '';

it('keeps results and remarks apart', () => {
  const { output, errors, ...rest } = streams(false);
  const terminal = createTerminal({ output, errors, ...rest });
  terminal.print('result');
  terminal.note('remark');
  expect(written(output)).toBe('result\n');
  expect(written(errors)).toBe('remark\n');
});

describe('progress', () => {
  it('is a line for every step where nobody watches', () => {
    const { errors, ...rest } = streams(false);
    using progress = createTerminal({ errors, ...rest }).progress('Image');
    progress.update({ step: 'Packages', fraction: 0.25, detail: 'a' });
    progress.update({ step: 'Packages', fraction: 0.26, detail: 'b' });
    progress.update({ step: 'Layers' });
    progress.done('built');
    expect(written(errors)).toBe('Image: Packages (25 %)\nImage: Layers\nImage: built\n');
  });

  it('redraws one line, no wider than the window, where somebody does', () => {
    const { errors, ...rest } = streams(true);
    using progress = createTerminal({ errors, ...rest }).progress('Image');
    progress.update({ step: 'Packages', fraction: 0.5, detail: 'x'.repeat(200) });
    const drawn = written(errors);
    expect(drawn.startsWith(`\r\u001B[KImage [${'█'.repeat(12)}${'·'.repeat(12)}]`)).toBe(true);
    expect(drawn.length).toBeLessThan(40 + '\r\u001B[K'.length);
    progress.done('built');
    expect(written(errors)).toBe('\r\u001B[KImage: built\n');
  });

  it('leaves a half-drawn line behind as a line of its own', () => {
    const { errors, ...rest } = streams(true);
    const progress = createTerminal({ errors, ...rest }).progress('Image');
    progress.update({ step: 'Packages' });
    written(errors);
    progress[Symbol.dispose]();
    expect(written(errors)).toBe('\n');
  });
});

describe('a question', () => {
  it.each([
    ['y', true],
    ['YES', true],
    ['', false],
    ['n', false],
    ['yellow', false],
  ])('is answered by %j with %s', async (typed, expected) => {
    const { input, ...rest } = streams(true);
    const answer = createTerminal({ input, ...rest }).confirm('Sure?', new AbortController().signal);
    input.write(`${typed}\n`);
    expect(await answer).toBe(expected);
  });

  it('is a no where nobody sits', async () => {
    const { input, ...rest } = streams(false);
    input.write('y\n');
    expect(await createTerminal({ input, ...rest }).confirm('Sure?', new AbortController().signal)).toBe(
      false,
    );
  });
});

describe('a question for a secret', () => {
  it('shows nothing of what is typed', async () => {
    const { input, errors, output } = streams(true);
    const terminal = createTerminal({ input, errors, output });
    const answer = terminal.askSecret('Passphrase:', new AbortController().signal);
    input.write('a-fake-passphrasX\u007Fe\r');
    expect(await answer).toBe('a-fake-passphrase');
    expect(written(errors)).toBe('Passphrase: \n');
    expect(written(output)).toBe('');
  });

  it.each([
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
  ])('ends with %s', async (_key, typed) => {
    const { input, ...rest } = streams(true);
    const answer = createTerminal({ input, ...rest }).askSecret('?', new AbortController().signal);
    input.write(typed);
    await expect(answer).rejects.toThrow('nothing was entered');
  });
});
