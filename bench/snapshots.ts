import { Installation } from '../tests/harness/installation.ts';
import { measureCapture, measureFreeze } from './snapshots/capture.ts';
import { measureFork } from './snapshots/fork.ts';
import { verdict } from './verdict.ts';

/** How many times the floor a capture or a fork may take, by median. */
const GOAL = 1.3;
/** How long a sandbox may stand still while it is captured, in milliseconds. */
const FREEZE_GOAL = 1000;

/**
 * A capture beside `tar | zstd` of the same tree, a fork beside a plain create of the same preset, and how long a sandbox
 * that is captured alive stands still. In turns, so that what else the machine does falls on both alike.
 */
export async function run(): Promise<void> {
  await using site = await Installation.make();
  await site.up();
  const lines: string[] = [];
  for (const { tree, floor, captured } of await measureCapture(site)) {
    console.log(`${tree.padEnd(34)} tar | zstd ${floor.toFixed(0)} ms, capture ${captured.toFixed(0)} ms`);
    lines.push(verdict(`capture of ${tree}, times tar | zstd`, captured / floor, { most: GOAL }));
  }
  for (const { preset, created, forked } of await measureFork(site)) {
    console.log(`${preset.padEnd(34)} create ${created.toFixed(0)} ms, fork ${forked.toFixed(0)} ms`);
    lines.push(verdict(`${preset}: fork → preview, times a create`, forked / created, { most: GOAL }));
  }
  const frozen = await measureFreeze(site);
  lines.push(verdict('200 MB captured alive: milliseconds it stands still', frozen, { most: FREEZE_GOAL }));
  for (const line of lines) console.log(line);
}
