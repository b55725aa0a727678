const LATE = Symbol('late');
const MAX_BATCH = 1000;

/**
 * The values in groups: each is what came within `ms` of its first. A failure comes after the values before it. Who leaves
 * early ends the source by the source's own means.
 */
export async function* inBatches<T>(
  values: AsyncIterable<T>,
  ms: number,
): AsyncGenerator<T[], void, undefined> {
  const iterator = values[Symbol.asyncIterator]();
  const ask = () => settled(iterator.next());
  let next = ask();
  const collect = async (batch: T[]) => {
    const late = Promise.withResolvers<typeof LATE>();
    const timer = setTimeout(late.resolve, ms, LATE);
    while (batch.length < MAX_BATCH) {
      const step = await Promise.race([next, late.promise]);
      // What ends or fails is for the next round to find out.
      if (step === LATE || 'error' in step || step.result.done === true) break;
      batch.push(step.result.value);
      next = ask();
    }
    clearTimeout(timer);
    return batch;
  };
  for (;;) {
    const step = await next;
    if ('error' in step) throw step.error;
    if (step.result.done === true) return;
    next = ask();
    yield await collect([step.result.value]);
  }
}

type Settled<T> = { readonly result: IteratorResult<T, unknown> } | { readonly error: unknown };

/** Never rejects: nobody may be waiting yet when it fails. */
const settled = <T>(step: Promise<IteratorResult<T, unknown>>): Promise<Settled<T>> =>
  step.then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );
