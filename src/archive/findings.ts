import type { ArchiveProgress } from '../domain/workspace.ts';
import { requireWithinLimits } from './limits.ts';

/** What is told of, and how: of one, and of several. */
const WARNINGS = {
  device: ['device was left out', 'devices were left out'],
  pipe: ['named pipe was left out', 'named pipes were left out'],
  socket: ['socket was left out', 'sockets were left out'],
  tooDeep: [
    'directory was left out: its path is too long',
    'directories were left out: their paths are too long',
  ],
  tooLarge: [
    'file of a git repository was left out: it is too large to be cleaned',
    'files of git repositories were left out: they are too large to be cleaned',
  ],
  setId: ['entry lost its set-id bits', 'entries lost their set-id bits'],
  changed: ['file changed while it was read', 'files changed while they were read'],
  vanished: [
    'entry vanished or was locked while it was read',
    'entries vanished or were locked while they were read',
  ],
} as const;

export type Finding = keyof typeof WARNINGS;

/** What a capture has come across so far. */
export class Findings {
  contentBytes = 0;
  fileCount = 0;
  entryCount = 0;
  readonly #counts = new Map<Finding, number>();

  note(finding: Finding): void {
    this.#counts.set(finding, (this.#counts.get(finding) ?? 0) + 1);
  }

  /** Counts an entry that is kept. @throws payload_too_large */
  add(isFile: boolean, bytes: number): void {
    this.entryCount += 1;
    this.contentBytes += bytes;
    if (isFile) this.fileCount += 1;
    requireWithinLimits(this.contentBytes, this.entryCount);
  }

  get progress(): ArchiveProgress {
    return { files: this.fileCount, bytes: this.contentBytes };
  }

  /** Each kind once with its number. */
  get warnings(): string[] {
    return Object.entries(WARNINGS).flatMap(([finding, [one, several]]) => {
      const count = this.#counts.get(finding as Finding);
      if (count === undefined) return [];
      return [`${count} ${count === 1 ? one : several}`];
    });
  }
}
