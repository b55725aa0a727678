/** What may be said of an archive, for one and for many. */
const WORDS = {
  device: ['1 device was left out', 'devices were left out'],
  pipe: ['1 pipe was left out', 'pipes were left out'],
  setId: ['1 entry lost its set-id bit', 'entries lost their set-id bits'],
  longPath: ['1 entry with too long a path was left out', 'entries with too long a path were left out'],
  lostLink: ['1 link to what was left out was left out', 'links to what was left out were left out'],
  oddGit: ['1 odd file of a repository was left out', 'odd files of repositories were left out'],
} as const;

export type Remark = keyof typeof WORDS;

/** What was left out or changed, each kind once with its number. */
export class Remarks {
  readonly #counts = new Map<Remark, number>();

  add(remark: Remark): void {
    this.#counts.set(remark, (this.#counts.get(remark) ?? 0) + 1);
  }

  list(): string[] {
    return [...this.#counts].map(([remark, count]) => {
      const [one, many] = WORDS[remark];
      return count === 1 ? one : `${count} ${many}`;
    });
  }
}
