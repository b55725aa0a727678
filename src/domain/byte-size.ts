const UNITS = ['KiB', 'MiB', 'GiB', 'TiB'] as const;
const STEP = 1024;

/** So many bytes, as people say it: three figures at most, with a space that does not break. */
export function byteSize(bytes: number): string {
  let value = bytes;
  let unit = 'B';
  for (const larger of UNITS) {
    // What would be rounded to a thousand of this unit is one of the next.
    if (value < 999.5) break;
    value /= STEP;
    unit = larger;
  }
  return `${unit === 'B' || value >= 99.95 ? Math.round(value) : value.toFixed(1)}\u00A0${unit}`;
}
