import { UnpackError, shown } from './unpack-error.ts';

/** What a pax header says of the entry after it. Text holds one byte a character. */
export type PaxRecords = ReadonlyMap<string, string>;

/** Reads records of the form `length key=value\n`, where the length counts all of it. @throws UnpackError */
export function parsePax(bytes: Buffer): PaxRecords {
  const records = new Map<string, string>();
  let start = 0;
  while (start < bytes.length) {
    const space = bytes.indexOf(0x20, start);
    const length = Number(bytes.toString('latin1', start, Math.max(start, space)));
    const end = start + length;
    const equals = bytes.indexOf(0x3d, space);
    const isWhole = length > 0 && end <= bytes.length && bytes[end - 1] === 0x0a;
    if (!isWhole || equals === -1 || equals >= end)
      throw new UnpackError('A pax header in the archive is damaged.');
    records.set(bytes.toString('latin1', space + 1, equals), bytes.toString('latin1', equals + 1, end - 1));
    start = end;
  }
  return records;
}

/** The whole number of a record; undefined when there is none. @throws UnpackError */
export function paxNumber(records: PaxRecords, key: string): number | undefined {
  const value = records.get(key);
  if (value === undefined) return undefined;
  const number = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(number)) {
    throw new UnpackError(`A pax header in the archive has ${shown(key)} that is no number.`);
  }
  return number;
}

/** The seconds since the epoch of a record, which may have a fraction. @throws UnpackError */
export function paxTime(records: PaxRecords, key: string): number | undefined {
  const value = records.get(key);
  if (value === undefined) return undefined;
  if (!/^-?\d{1,12}(?:\.\d*)?$/.test(value)) {
    throw new UnpackError(`A pax header in the archive has ${shown(key)} that is no time.`);
  }
  return Number(value);
}
