/** Leaves out what a patch does not mention. */
export const given = <T extends object>(set: T): Partial<T> =>
  Object.fromEntries(Object.entries(set).filter(([, value]) => value !== undefined)) as Partial<T>;

/** Whether a row has every value that is asked for. */
export const matches = <Row extends object>(row: Row, wanted: Partial<Row>): boolean =>
  Object.entries(given(wanted)).every(([field, value]) => row[field as keyof Row] === value);

/** A page of those that match. */
export function newestFirst<Row extends { readonly id: string }>(
  rows: ReadonlyMap<string, Row>,
  before: string | undefined,
  limit: number,
  matches: (row: Row) => boolean,
): Row[] {
  return [...rows.values()]
    .filter((row) => (before === undefined || row.id < before) && matches(row))
    .toSorted((a, b) => (a.id < b.id ? 1 : -1))
    .slice(0, limit);
}
