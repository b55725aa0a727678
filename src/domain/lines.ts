/**
 * Text lines of a byte stream, without their ends. A last line without an end is a line; one that breaks off in the
 * middle of the stream's failure is not given.
 * @param maxLength of one line, in characters: a stream that exceeds it is not what it claims to be
 * @throws RangeError when a line is longer
 */
export async function* readLines(
  source: AsyncIterable<Uint8Array>,
  maxLength: number,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  let length = 0;
  const take = (text: string): void => {
    length += text.length;
    if (length > maxLength) throw new RangeError(`A line is longer than ${maxLength} characters.`);
    parts.push(text);
  };
  const finish = (): string => {
    const line = parts.join('');
    parts = [];
    length = 0;
    return line.endsWith('\r') ? line.slice(0, -1) : line;
  };
  for await (const chunk of source) {
    const [first = '', ...rest] = decoder.decode(chunk, { stream: true }).split('\n');
    take(first);
    for (const text of rest) {
      yield finish();
      take(text);
    }
  }
  take(decoder.decode());
  if (length > 0) yield finish();
}
