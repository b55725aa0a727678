import { describe, expect, it } from 'vitest';
import { type Command, helpText, parseArguments } from './command.ts';
import { COMMANDS } from './commands.ts';
import { EXIT, Failure } from './failure.ts';

const command: Command = {
  name: 'token create',
  summary: 'Make one',
  usage: 'NAME [--owner OWNER]',
  help: '\n  Indented.\nNot indented.',
  options: { owner: { type: 'string' }, json: { type: 'boolean' } },
  words: 1,
  run: async () => EXIT.ok,
};

describe('parsing arguments', () => {
  it('gives options and words wherever they stand', () => {
    expect(parseArguments(command, ['--owner', 'ada', 'ci', '--json'])).toEqual({
      values: expect.objectContaining({ owner: 'ada', json: true }),
      words: ['ci'],
    });
  });

  it('lets --help stand alone, whatever else is missing', () => {
    expect(parseArguments(command, ['-h']).values['help']).toBe(true);
  });

  it.each([
    { args: [], says: 'NAME is missing.' },
    { args: ['a', 'b'], says: 'Unexpected argument "b".' },
    { args: ['a', '--bogus'], says: "Unknown option '--bogus'." },
    { args: ['a', '--owner'], says: "Option '--owner <value>' argument missing." },
    { args: ['a', '--json=yes'], says: "Option '--json' does not take an argument." },
  ])('refuses $args with how it is used', ({ args, says }) => {
    const refusal = thrownBy(() => parseArguments(command, args));
    expect(refusal).toBeInstanceOf(Failure);
    expect(refusal).toMatchObject({ exitCode: EXIT.usage });
    expect(refusal.message.split('\n')).toEqual([
      says,
      'Usage: sandboxd token create NAME [--owner OWNER]',
      '"sandboxd token create --help" tells more.',
    ]);
  });
});

describe('the table of commands', () => {
  it('names each once', () => {
    const names = COMMANDS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(COMMANDS)('$name explains every option it takes', (one) => {
    const text = helpText(one);
    for (const option of Object.keys(one.options)) expect(text).toContain(`--${option}`);
  });

  it('keeps the indentation of a help text', () => {
    expect(helpText(command)).toContain('\n\n  Indented.\nNot indented.');
  });
});

function thrownBy(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  throw new Error('Nothing was thrown.');
}
