/** Lets one asynchronous piece of work run at a time, in the order of arrival. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `work` when everything before it has ended, however it ended. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {
      // The caller of this turn has the failure; the next turn only needs to know that it is over.
    });
    return turn;
  }
}
