/** What is told of, and how: of one, and of several. */
const WORDS = {
  device: ['device was left out', 'devices were left out'],
  pipe: ['named pipe was left out', 'named pipes were left out'],
  socket: ['socket was left out', 'sockets were left out'],
  tooDeep: [
    'directory was left out: its path is too long',
    'directories were left out: their paths are too long',
  ],
  longPath: ['entry with too long a path was left out', 'entries with too long a path were left out'],
  lostLink: ['link to what was left out was left out', 'links to what was left out were left out'],
  tooLarge: [
    'file of a git repository was left out: it is too large to be cleaned',
    'files of git repositories were left out: they are too large to be cleaned',
  ],
  oddGit: ['odd file of a repository was left out', 'odd files of repositories were left out'],
  setId: ['entry lost its set-id bits', 'entries lost their set-id bits'],
  changed: ['file changed while it was read', 'files changed while they were read'],
  vanished: [
    'entry vanished or was locked while it was read',
    'entries vanished or were locked while they were read',
  ],
} as const;

export type Warning = keyof typeof WORDS;

/** What was left out or changed, for people. */
export class Warnings {
  readonly #counts = new Map<Warning, number>();

  note(warning: Warning): void {
    this.#counts.set(warning, (this.#counts.get(warning) ?? 0) + 1);
  }

  /** Each kind once with its number, always in the same order. */
  list(): string[] {
    return Object.entries(WORDS).flatMap(([warning, [one, several]]) => {
      const count = this.#counts.get(warning as Warning);
      return count === undefined ? [] : [`${count} ${count === 1 ? one : several}`];
    });
  }
}
