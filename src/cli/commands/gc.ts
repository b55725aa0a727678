import type { GarbageItem, GarbageReport } from '../../domain/garbage.ts';
import type { Command } from '../command.ts';
import { EXIT } from '../failure.ts';
import { requireServer } from '../require-server.ts';
import { sizeText } from '../size.ts';

const DAY_MS = 24 * 3600 * 1000;

export const gc: Command = {
  name: 'gc',
  summary: 'Remove what nobody needs any more',
  usage: '[--dry-run] [--trash] [--json]',
  help: `
  --dry-run  only show it
  --trash    also what was moved to the trash within the last 7 days
  --json     print the list for programs

Prepared dependencies of images that no workspace uses, and images this program built before and that no
container uses; workspaces that have been in the trash for 7 days; snapshots' archives that the database
knows nothing of. Nothing younger than 7 days but such dependencies, and nothing of another installation:
only that images are shared by all on one engine, and one that is down builds its image again.
Sandboxes nobody ordered are only shown: the server moves them to the trash by itself.
Exit code: 0 when all went well, 1 when something could not be removed, 3 when no server is running.`,
  options: { 'dry-run': { type: 'boolean' }, trash: { type: 'boolean' }, json: { type: 'boolean' } },
  async run({ admin, terminal, signal }, values) {
    await requireServer(admin);
    const dryRun = values['dry-run'] === true;
    const report = await admin.collectGarbage({ dryRun, trash: values['trash'] === true }, signal);
    terminal.print(values['json'] === true ? JSON.stringify(report) : describe(report, dryRun));
    for (const { kind, errorMessage } of report.failures)
      terminal.note(`Not looked at: ${NAMES[kind]}. ${errorMessage}`);
    const hasFailed = report.failures.length > 0 || report.items.some(({ outcome }) => outcome === 'failed');
    return hasFailed ? EXIT.failed : EXIT.ok;
  },
};

const NAMES: Readonly<Record<GarbageItem['kind'], string>> = {
  layer: 'prepared dependencies',
  image: 'image',
  trash: 'trash',
  snapshot: 'snapshot',
  sandbox: 'sandbox',
};

function describe({ items }: GarbageReport, dryRun: boolean): string {
  if (items.length === 0) return 'There is nothing that nobody needs.';
  const freed = items.filter(({ outcome }) => outcome === (dryRun ? 'shown' : 'removed'));
  const bytes = freed.reduce((sum, { sizeBytes = 0 }) => sum + sizeBytes, 0);
  const total = dryRun ? `Would free up to ${sizeText(bytes)}.` : `Freed up to ${sizeText(bytes)}.`;
  return [...items.map(lineOf), total].join('\n');
}

function lineOf({ kind, name, sizeBytes, ageMs, note, outcome, errorMessage }: GarbageItem): string {
  const facts = [
    ...(sizeBytes === undefined ? [] : [sizeText(sizeBytes)]),
    ...(ageMs === undefined ? [] : [`${Math.floor(ageMs / DAY_MS)} days old`]),
    ...(note === undefined ? [] : [note]),
    ...(outcome === 'failed' ? [`could not be removed: ${errorMessage}`] : []),
  ];
  return `${outcome === 'removed' ? 'Removed' : 'Found'} ${NAMES[kind]} ${name} (${facts.join(', ')})`;
}
