const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** How long something took or takes, in milliseconds, as people say it. Less than nothing counts as nothing: clocks differ. */
export function duration(ms: number): string {
  const whole = Math.max(0, Math.floor(ms / SECOND)) * SECOND;
  if (whole < MINUTE) return `${whole / SECOND}\u00A0s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)}\u00A0min ${(whole % MINUTE) / SECOND}\u00A0s`;
  return `${Math.floor(whole / HOUR)}\u00A0h ${Math.floor((whole % HOUR) / MINUTE)}\u00A0min`;
}
