import type { Metrics } from '../domain/metrics.ts';
import type { Traffic } from '../domain/routing.ts';

/** Counts what visitors of previews asked and were answered. */
export function countPreviews(
  metrics: Pick<Metrics, 'count'>,
  { statusClasses, bytesIn, bytesOut }: Traffic,
): void {
  for (const [digit, requests] of statusClasses.entries()) {
    if (requests > 0) metrics.count('preview_requests_total', { status: `${digit}xx` }, requests);
  }
  metrics.count('preview_bytes_total', { direction: 'in' }, bytesIn);
  metrics.count('preview_bytes_total', { direction: 'out' }, bytesOut);
}
