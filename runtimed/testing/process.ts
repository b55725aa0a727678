import type { RuntimeOptions } from '../options.ts';
import { runProcess } from '../run-process.ts';
import { scriptedAgents } from './scripted-agent.ts';

/** The entry of a runtime in a process of its own; its options are the first argument. */
await runProcess(JSON.parse(process.argv[2] ?? '{}') as RuntimeOptions, scriptedAgents);
