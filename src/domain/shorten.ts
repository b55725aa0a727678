/** Cuts a text to a length, in characters, and shows that it was cut. Half a character at the cut is replaced. */
export const shorten = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1).toWellFormed()}…`;
