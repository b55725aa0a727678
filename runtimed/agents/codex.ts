import { join } from 'node:path';
import { DUMMY_KEY } from '../../src/domain/provider.ts';
import { writeDurably } from '../durable-file.ts';
import { CodexStory } from './codex-story.ts';
import type { AgentDriver, AgentTurn } from './driver.ts';
import { parseLine } from './fields.ts';
import { eachLine } from './lines.ts';
import { plainPrompt } from './plain-prompt.ts';
import { hasFile } from './session-files.ts';

/** Where Codex looks for a key: it starts no turn without one. */
const KEY_VARIABLE = 'OPENAI_API_KEY';

/** Codex, by the lines of JSON it prints. It tells of a tool when it begins and again when it has ended. */
export const codex: AgentDriver = {
  id: 'codex',

  async prepare(turn) {
    const { session, model, stateDirectory } = turn;
    await writeDurably(stateDirectory, 'config.toml', settings(turn));
    const known =
      session !== undefined && (await hasFile(join(stateDirectory, 'sessions'), `-${session}.jsonl`));
    return {
      argv: [
        'codex',
        'exec',
        '--json',
        '--skip-git-repo-check',
        '--dangerously-bypass-approvals-and-sandbox',
        ...(model === undefined ? [] : [`--model=${model}`]),
        ...(known ? ['resume', '--', session, '-'] : ['-']),
      ],
      env: { CODEX_HOME: stateDirectory, [KEY_VARIABLE]: DUMMY_KEY },
    };
  },

  async follow(pipes, turn, tell) {
    // Longer ones would not fit into an argument, and nobody who lists the processes is told.
    pipes.stdin.end(plainPrompt(turn.prompt));
    const story = new CodexStory(turn.directory, tell);
    await eachLine(pipes, (line) => story.take(parseLine(line)));
    return story.verdict();
  },
};

/** TOML's strings are written as JSON's are. */
const settings = ({ providerUrl }: AgentTurn): string => `
model_provider = "proxy"
check_for_update_on_startup = false

[model_providers.proxy]
name = "Provider"
base_url = ${JSON.stringify(`${providerUrl}/v1`)}
env_key = "${KEY_VARIABLE}"
wire_api = "responses"
supports_websockets = false
request_max_retries = 4
stream_max_retries = 4

[analytics]
enabled = false

[feedback]
enabled = false

# What is fetched at every start, and what would be waited for without an end.
[features]
plugins = false
apps = false
unbounded_connection_retries = false

[history]
persistence = "none"
`;
