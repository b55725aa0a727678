import type { CaptureEnd, CaptureOrder } from '../../domain/capture.ts';
import type { NodeReport } from '../../domain/node.ts';
import type { SnapshotKeeperContext } from './context.ts';

/** What makes the report of a capture's end one and the same. */
export const capturedKey = (snapshotId: string): string => `${snapshotId}:captured`;

/** What a capture came to, in place of its record. On its way to the API when it returns. */
export async function reportCapture(
  { ports, outbox, records, changed }: SnapshotKeeperContext,
  order: CaptureOrder,
  end: CaptureEnd,
): Promise<void> {
  await outbox.add(capturedKey(order.id), {
    at: ports.clock(),
    sandboxId: order.sandboxId,
    snapshotId: order.id,
    captured: end,
    ...endReport(order, end),
  });
  await records.remove(order.id);
  changed();
}

function endReport(
  { live }: CaptureOrder,
  end: CaptureEnd,
): Pick<NodeReport, 'type' | 'severity' | 'message' | 'payload'> {
  if (end.status === 'failed') {
    return {
      type: 'snapshot.capture.failed',
      severity: 'error',
      message: `The snapshot could not be captured: ${end.errorMessage}`,
      payload: { live },
    };
  }
  const { sizeBytes, fileCount } = end.content;
  return {
    type: 'snapshot.captured',
    severity: 'info',
    message: 'A snapshot was captured.',
    payload: { size_bytes: sizeBytes, files: fileCount, live },
  };
}
