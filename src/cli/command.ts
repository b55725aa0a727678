import { type ParseArgsConfig, parseArgs } from 'node:util';
import type { Config } from '../config.ts';
import type { AdminClient } from './admin-client.ts';
import { EXIT, type ExitCode, Failure } from './failure.ts';
import type { Terminal } from './terminal.ts';

type Options = NonNullable<ParseArgsConfig['options']>;
type Values = Readonly<Record<string, string | boolean | undefined>>;

/** What every command works with. */
export interface CommandContext {
  readonly terminal: Terminal;
  readonly config: Config;
  readonly admin: AdminClient;
  /** The environment that a started server inherits. */
  readonly env: NodeJS.ProcessEnv;
  /** Aborts when the user wants it to end. */
  readonly signal: AbortSignal;
}

export interface Command {
  /** One or two words. */
  readonly name: string;
  /** One line in the list of commands. */
  readonly summary: string;
  /** Arguments after the name, like `NAME [--owner OWNER]`. */
  readonly usage: string;
  /** Everything else there is to know, in lines. */
  readonly help: string;
  readonly options: Options;
  /** How many words it takes besides options. */
  readonly words?: number;
  readonly run: (context: CommandContext, values: Values, words: readonly string[]) => Promise<ExitCode>;
}

export interface ParsedArguments {
  readonly values: Values;
  readonly words: readonly string[];
}

/** @throws Failure with exit code 2 when the arguments are not the command's */
export function parseArguments(command: Command, args: readonly string[]): ParsedArguments {
  const refuse = (what: string): never => {
    throw new Failure(
      `${what}\n${usageLine(command)}\n"sandboxd ${command.name} --help" tells more.`,
      EXIT.usage,
    );
  };
  const options: Options = { ...command.options, help: { type: 'boolean', short: 'h' } };
  const parse = () => {
    try {
      return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    } catch (error) {
      // Only the first sentence is about what was typed.
      return refuse(`${(error as Error).message.split('. ')[0]}.`);
    }
  };
  const { values, positionals } = parse();
  const expected = command.words ?? 0;
  if (values['help'] !== true && positionals.length !== expected) {
    const unexpected = positionals[expected];
    const missing = command.usage.split(' ')[positionals.length] ?? 'An argument';
    refuse(unexpected === undefined ? `${missing} is missing.` : `Unexpected argument "${unexpected}".`);
  }
  return { values: values as Values, words: positionals };
}

const usageLine = ({ name, usage }: Command): string => `Usage: sandboxd ${name} ${usage}`.trimEnd();

export const helpText = (command: Command): string =>
  `${command.summary}.\n\n${usageLine(command)}\n\n${command.help.replace(/^\n/, '').trimEnd()}`;
