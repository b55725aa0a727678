import { join } from 'node:path';
import { DUMMY_KEY } from '../../src/domain/provider.ts';
import type { Environment } from '../processes/environment.ts';
import { ClaudeStory } from './claude-story.ts';
import type { AgentDriver, AgentTurn } from './driver.ts';
import { parseLine } from './fields.ts';
import { eachLine } from './lines.ts';
import { plainPrompt } from './plain-prompt.ts';
import { hasFile } from './session-files.ts';

/**
 * Claude Code, by the lines of JSON it prints (https://code.claude.com/docs/en/headless). It tells of a tool when it
 * begins and again when it has ended.
 */
export const claudeCode: AgentDriver = {
  id: 'claude-code',

  async prepare(turn) {
    const { session } = turn;
    const known =
      session !== undefined && (await hasFile(join(turn.stateDirectory, 'projects'), `${session}.jsonl`));
    return {
      argv: [
        'claude',
        '--print',
        '--output-format=stream-json',
        '--verbose',
        '--dangerously-skip-permissions',
        // Its own choice is named: a session that goes on would keep the model it had.
        `--model=${turn.model ?? 'default'}`,
        ...(known ? [`--resume=${session}`] : []),
      ],
      env: environment(turn),
    };
  },

  async follow(pipes, turn, tell) {
    // Longer ones would not fit into an argument, and nobody who lists the processes is told.
    pipes.stdin.end(plainPrompt(turn.prompt));
    const story = new ClaudeStory(turn.directory, tell);
    await eachLine(pipes, (line) => story.take(parseLine(line)));
    return story.verdict();
  },
};

const environment = ({ stateDirectory, providerUrl }: AgentTurn): Environment => ({
  CLAUDE_CONFIG_DIR: stateDirectory,
  ANTHROPIC_BASE_URL: providerUrl,
  ANTHROPIC_API_KEY: DUMMY_KEY,
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
  DISABLE_AUTOUPDATER: '1',
  DISABLE_TELEMETRY: '1',
  DISABLE_ERROR_REPORTING: '1',
  CLAUDE_CODE_MAX_RETRIES: '6',
});
