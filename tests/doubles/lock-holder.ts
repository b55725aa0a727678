/**
 * A process of its own that takes the write lock of a database again and again: `lock-holder.ts FILE HOLD_MS PAUSE_MS`.
 * Prints a line each time it has it, and goes on until it is killed.
 */
import { setTimeout as pause } from 'node:timers/promises';
import Database from 'libsql';

const [file, holdMs, pauseMs] = process.argv.slice(2);
if (file === undefined || holdMs === undefined || pauseMs === undefined)
  throw new Error('usage: lock-holder.ts FILE HOLD_MS PAUSE_MS');

const database = new Database(file, { timeout: 60_000 });
for (;;) {
  database.exec('BEGIN IMMEDIATE');
  process.stdout.write('locked\n');
  await pause(Number(holdMs));
  database.exec('COMMIT');
  await pause(Number(pauseMs));
}
