/** Joins bytes into parts of one size, of which only the last is smaller. Holds no more than one part. */
export async function* partsOf(
  bytes: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let pending: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of bytes) {
    let rest = chunk;
    while (length + rest.length >= size) {
      const head = rest.subarray(0, size - length);
      yield Buffer.concat([...pending, head]);
      rest = rest.subarray(head.length);
      pending = [];
      length = 0;
    }
    if (rest.length > 0) pending.push(rest);
    length += rest.length;
  }
  if (length > 0) yield Buffer.concat(pending);
}
