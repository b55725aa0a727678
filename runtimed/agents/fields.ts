/** An object of JSON from a program nobody vouches for. */
export type Fields = Readonly<Record<string, unknown>>;

const NOTHING: Fields = {};

/** Without any fields for what is no object. */
export const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : NOTHING;

/**
 * The object a line holds; one without any fields for a line that holds something else. Never throws.
 * @param look sees every value in it; what it throws makes the line one that holds something else
 */
export function parseLine(line: string, look?: (key: string, value: unknown) => unknown): Fields {
  try {
    return fieldsOf(JSON.parse(line, look));
  } catch {
    return NOTHING;
  }
}

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Undefined for what is no text, or an empty one. */
export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

export const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;

/** The first of them that is text, and not empty. */
export const firstText = (...values: readonly unknown[]): string | undefined =>
  values.map(textOf).find((text) => text !== undefined);
