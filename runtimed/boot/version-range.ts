/** The part of npm's version ranges that can be told apart without a registry. */
type Version = readonly [major: number, minor: number, patch: number, prerelease: string];

interface Comparator {
  readonly operator: '>=' | '>' | '<' | '<=' | '=';
  readonly version: Version;
}

const PARTIAL = /^[v=\s]*(\d+|[xX*])(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?(?:-([0-9A-Za-z.-]+))?(?:\+\S*)?$/;
const MAX_RANGE_LENGTH = 256;

/**
 * Whether an installed version is one that a `package.json` asks for.
 * @returns undefined when the range is not about versions: a tag, a URL, an alias, a path
 */
export function satisfies(version: string, range: string): boolean | undefined {
  const installed = parseVersion(version);
  if (installed === undefined || range.length > MAX_RANGE_LENGTH) return undefined;
  let isMet = false;
  for (const alternative of range.split('||')) {
    const comparators = parseAlternative(alternative.trim());
    if (comparators === undefined) return undefined;
    isMet ||= comparators.every((comparator) => holds(installed, comparator));
  }
  return isMet;
}

function parseAlternative(text: string): Comparator[] | undefined {
  const hyphen = /^(\S+)\s+-\s+(\S+)$/.exec(text);
  if (hyphen?.[1] !== undefined && hyphen[2] !== undefined) {
    return join([parseComparator(`>=${hyphen[1]}`), parseComparator(`<=${hyphen[2]}`)]);
  }
  const parts = text.replaceAll(/([<>=^~])\s+/g, '$1').split(/\s+/);
  return join(parts.map((part) => (part === '' ? [] : parseComparator(part))));
}

const join = (lists: readonly (Comparator[] | undefined)[]): Comparator[] | undefined =>
  lists.includes(undefined) ? undefined : lists.flatMap((list) => list ?? []);

function parseComparator(text: string): Comparator[] | undefined {
  const [, operator = '', rest = ''] = /^(>=|<=|>|<|\^|~>?|=?)(.*)$/.exec(text) ?? [];
  const match = PARTIAL.exec(rest);
  if (!match) return undefined;
  const numbers = match
    .slice(1, 4)
    .map((part) => (part === undefined || /[xX*]/.test(part) ? -1 : Number(part)));
  const known = numbers.includes(-1) ? numbers.indexOf(-1) : 3;
  const floor: Version = [...filled(numbers.slice(0, known)), match[4] ?? ''];
  return bounds(operator, floor, known);
}

/** A comparator with its omitted parts, as one or two with all of them. */
function bounds(operator: string, floor: Version, known: number): Comparator[] {
  const from: Comparator = { operator: '>=', version: floor };
  const below = (place: number): Comparator => ({ operator: '<', version: bumped(floor, place) });
  const isPartial = known < 3;
  if (known === 0) return [];
  if (operator === '^') return [from, below(Math.min(firstNonZero(floor), known - 1))];
  if (operator.startsWith('~')) return [from, below(Math.min(1, known - 1))];
  if (operator === '>=') return [from];
  if (operator === '<') return [{ operator: '<', version: floor }];
  if (operator === '<=') return [isPartial ? below(known - 1) : { operator: '<=', version: floor }];
  if (operator === '>') {
    return [
      isPartial ? { operator: '>=', version: bumped(floor, known - 1) } : { operator: '>', version: floor },
    ];
  }
  return isPartial ? [from, below(known - 1)] : [{ operator: '=', version: floor }];
}

const filled = (numbers: readonly number[]): [number, number, number] => [
  numbers[0] ?? 0,
  numbers[1] ?? 0,
  numbers[2] ?? 0,
];

/** The least version above all that share the parts up to `place`: its first prerelease. */
function bumped(version: Version, place: number): Version {
  const numbers = [version[0], version[1], version[2]].slice(0, place + 1);
  numbers[place] = (numbers[place] ?? 0) + 1;
  return [...filled(numbers), '0'];
}

const firstNonZero = ([major, minor]: Version): number => (major > 0 ? 0 : minor > 0 ? 1 : 2);

function parseVersion(text: string): Version | undefined {
  const match = /^v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+\S*)?$/.exec(text);
  return match ? [...filled(match.slice(1, 4).map(Number)), match[4] ?? ''] : undefined;
}

function holds(installed: Version, { operator, version }: Comparator): boolean {
  const order = compare(installed, version);
  if (operator === '=') return order === 0;
  if (operator.startsWith('>')) return order > 0 || (order === 0 && operator === '>=');
  return order < 0 || (order === 0 && operator === '<=');
}

function compare(a: Version, b: Version): number {
  for (const place of [0, 1, 2] as const) if (a[place] !== b[place]) return a[place] - b[place];
  if (a[3] === b[3]) return 0;
  if (a[3] === '' || b[3] === '') return a[3] === '' ? 1 : -1;
  return comparePrerelease(a[3].split('.'), b[3].split('.'));
}

function comparePrerelease(a: readonly string[], b: readonly string[]): number {
  for (let place = 0; ; place += 1) {
    const [left, right] = [a[place], b[place]];
    if (left === undefined || right === undefined) return a.length - b.length;
    if (left === right) continue;
    const [leftNumber, rightNumber] = [Number(left), Number(right)];
    if (Number.isNaN(leftNumber) !== Number.isNaN(rightNumber)) return Number.isNaN(leftNumber) ? 1 : -1;
    return Number.isNaN(leftNumber) ? (left < right ? -1 : 1) : leftNumber - rightNumber;
  }
}
