import { runProcess } from '../run-process.ts';

/** The entry of a runtime in a process of its own; its options are the first argument. */
await runProcess(JSON.parse(process.argv[2] ?? '{}'));
