import { expect, it } from 'vitest';
import type { RotationReport } from '../../domain/rotation.ts';
import type { CommandContext } from '../command.ts';
import { secretsRotate } from './secrets-rotate.ts';

const REPORT: RotationReport = { renewed: true, resealed: 1, unreadable: [], redundantKeys: 0 };

/** Runs the command beside a server that answers this. */
async function run(report: Partial<RotationReport>, values = {}) {
  const lines: string[] = [];
  const notes: string[] = [];
  const context = {
    terminal: { print: (line: string) => lines.push(line), note: (line: string) => notes.push(line) },
    admin: { status: async () => ({}), rotateSecrets: async () => ({ ...REPORT, ...report }) },
    signal: new AbortController().signal,
  } as unknown as CommandContext;
  const exitCode = await secretsRotate.run(context, values, []);
  return { exitCode, printed: lines.join('\n'), noted: notes.join('\n') };
}

it.each([
  [{}, 0, 'A new key is in use. Sealed with it: 1 secret.', ''],
  [
    { renewed: false, resealed: 0, redundantKeys: 2 },
    0,
    'The key is the one of SANDBOXD_SECRETS_KEY. Sealed with it: 0 secrets.',
    'Nothing needs SANDBOXD_PREVIOUS_SECRETS_KEYS any more: take it out of the configuration.',
  ],
  [
    { unreadable: [{ place: 'config "A" of app X', reason: 'altered' as const }] },
    1,
    'A new key is in use. Sealed with it: 1 secret. Not readable: 1 secret.',
    'Not readable: config "A" of app X. It was changed or moved since it was stored: set it anew.',
  ],
  [
    { unreadable: [{ place: 'secret of webhook X', reason: 'other_key' as const }] },
    1,
    'A new key is in use. Sealed with it: 1 secret. Not readable: 1 secret.',
    'Not readable: secret of webhook X. It was sealed with a key that is not here: bring that back, or set it anew.',
  ],
])('tells of %j', async (report, exitCode, printed, noted) => {
  expect(await run(report)).toEqual({ exitCode, printed, noted });
});

it('prints the report for programs', async () => {
  const { printed } = await run({}, { json: true });
  expect(JSON.parse(printed)).toEqual(REPORT);
});
