/** Runs a task with a signal that aborts when the task is over, however it ends, so that nothing stays that was set aside for it. */
export async function untilOver<T>(
  signal: AbortSignal,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  try {
    return await task(AbortSignal.any([signal, over.signal]));
  } finally {
    over.abort();
  }
}
