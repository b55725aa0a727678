/** A number beside its goal. */
export function verdict(what: string, value: number, goal: { least?: number; most?: number }): string {
  const met = value >= (goal.least ?? -Infinity) && value <= (goal.most ?? Infinity);
  const bound = goal.least === undefined ? `≤ ${goal.most}` : `≥ ${goal.least}`;
  return `${met ? 'met   ' : 'MISSED'} ${what}: ${value.toFixed(2)} (goal ${bound})`;
}
