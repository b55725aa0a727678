import { agentDrivers } from './agents/index.ts';
import { sandboxOptions } from './options.ts';
import { runProcess } from './run-process.ts';

await runProcess(sandboxOptions(process.env), agentDrivers);
