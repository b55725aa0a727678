import { join } from 'node:path';
import { ConfigError, loadConfig } from '../config.ts';
import { readVersion } from '../compose/version.ts';
import { SandboxdError } from '../domain/errors.ts';
import { AdminClient } from './admin-client.ts';
import { COMMANDS } from './commands.ts';
import { type Command, type CommandContext, helpText, parseArguments } from './command.ts';
import { EXIT, type ExitCode, Failure } from './failure.ts';

export type CommandLine = Pick<CommandContext, 'terminal' | 'env' | 'signal'>;

/** Runs one command line to its exit code. Failures are told on the terminal; nothing is thrown. */
export async function runCommandLine(args: readonly string[], line: CommandLine): Promise<ExitCode> {
  try {
    return await dispatch(args, line);
  } catch (error) {
    if (line.signal.aborted) {
      line.terminal.note('Interrupted.');
      return EXIT.interrupted;
    }
    return tell(error, line);
  }
}

async function dispatch(args: readonly string[], line: CommandLine): Promise<ExitCode> {
  const first = args[0];
  if (first === undefined || first === 'help' || first === '--help' || first === '-h') {
    return help(args.slice(1), line);
  }
  if (first === 'version' || first === '--version' || first === '-v') {
    line.terminal.print(await readVersion());
    return EXIT.ok;
  }
  const [, second = ''] = args;
  if (groupOf(args).length > 0 && ['--help', '-h'].includes(second)) return help([first], line);
  const command = findCommand(args);
  const { values, words } = parseArguments(command, args.slice(command.name.split(' ').length));
  if (values['help'] === true) {
    line.terminal.print(helpText(command));
    return EXIT.ok;
  }
  const config = loadConfig(line.env);
  const admin = new AdminClient(join(config.dataDir, 'admin.sock'));
  return await command.run({ ...line, config, admin }, values, words);
}

/** @throws Failure with exit code 2 when there is no such command */
function findCommand(args: readonly string[]): Command {
  const found = COMMANDS.find(({ name }) => name.split(' ').every((word, at) => args[at] === word));
  if (found !== undefined) return found;
  const group = groupOf(args);
  if (group.length > 0) {
    throw new Failure(`Say more: ${group.map(helpLine).join(', ')}.`, EXIT.usage);
  }
  const names = COMMANDS.map(({ name }) => name).join(', ');
  throw new Failure(`There is no command "${args[0]}". There are: ${names}, help.`, EXIT.usage);
}

/** The commands of two words that begin with the first one given. */
const groupOf = ([first]: readonly string[]): Command[] =>
  COMMANDS.filter(({ name }) => name.startsWith(`${first} `));

const helpLine = ({ name, usage }: Command): string => `"sandboxd ${name} ${usage}"`;

function help(topic: readonly string[], { terminal }: CommandLine): ExitCode {
  const group = topic.length === 1 ? groupOf(topic) : [];
  if (group.length > 0) terminal.print(listText(group));
  else if (topic.length > 0) terminal.print(helpText(findCommand(topic)));
  else terminal.print(listText(COMMANDS));
  return EXIT.ok;
}

function listText(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    'Usage: sandboxd COMMAND [OPTIONS]',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    '"sandboxd COMMAND --help" tells more about one.',
  ].join('\n');
}

function tell(error: unknown, { terminal }: CommandLine): ExitCode {
  if (error instanceof Failure) {
    terminal.note(`sandboxd: ${error.message}`);
    return error.exitCode;
  }
  if (error instanceof ConfigError || error instanceof SandboxdError) {
    terminal.note(`sandboxd: ${error.message}`);
    return EXIT.failed;
  }
  const { stack } = error instanceof Error ? error : new Error(String(error));
  terminal.note(`sandboxd: something failed that should not have; please report it.\n${stack}`);
  return EXIT.failed;
}
