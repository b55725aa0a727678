import { byteSize } from '../../domain/byte-size.ts';
import type { CaptureProgress } from '../../domain/capture.ts';
import type { Ports } from '../../domain/ports.ts';
import type { Sandbox } from '../../domain/sandbox.ts';
import { captureProgress } from '../../domain/snapshot-commands.ts';
import type { Snapshot, SnapshotStatus } from '../../domain/snapshot.ts';
import type { Chip } from '../../views/models.ts';
import type { SnapshotRow } from '../../views/snapshot-models.ts';
import { moment } from './relative-time.ts';

const CHIPS: Readonly<Record<SnapshotStatus, Chip>> = {
  capturing: { label: 'Capturing', tone: 'busy' },
  ready: { label: 'Ready', tone: 'ok' },
  failed: { label: 'Failed', tone: 'bad' },
};

const count = new Intl.NumberFormat('en');

/** What can be done with a snapshot is below this. */
export const snapshotHref = (appId: string, id: string): string => `/apps/${appId}/snapshots/${id}`;

/**
 * Snapshots of an app, with how far those have come that are under way.
 * @param sandbox the app's, if it has one
 */
export async function snapshotRows(
  ports: Ports,
  appId: string,
  sandbox: Sandbox | undefined,
  snapshots: readonly Snapshot[],
): Promise<SnapshotRow[]> {
  const progress = await captureProgress(ports, snapshots);
  const now = ports.clock();
  return snapshots.map((snapshot) => ({
    ...snapshotBrief(snapshot, appId, now),
    id: snapshot.id,
    chip: CHIPS[snapshot.status],
    isSafety: snapshot.cause === 'safety',
    ...(snapshot.status === 'capturing' && { progress: progressText(progress.get(snapshot.id)) }),
    ...(snapshot.status === 'failed' && { problem: snapshot.errorMessage ?? 'Its node gave no reason.' }),
    warnings: snapshot.content?.warnings ?? [],
    isBase: snapshot.id === sandbox?.fromSnapshotId,
    isReady: snapshot.status === 'ready',
    canDelete: snapshot.status !== 'capturing',
  }));
}

/** Whether it will change by itself soon. */
export const isCapturing = ({ progress }: SnapshotRow): boolean => progress !== undefined;

/** What names a snapshot wherever it is spoken of. */
export const snapshotBrief = ({ id, name, content, createdAt }: Snapshot, appId: string, now: number) => ({
  href: snapshotHref(appId, id),
  name,
  at: moment(createdAt, now),
  facts: content === undefined ? [] : [byteSize(content.sizeBytes), files(content.fileCount)],
});

const files = (number: number): string => (number === 1 ? '1 file' : `${count.format(number)} files`);

/** Of one that its node tells nothing of, it has heard nothing yet, or does not answer. */
const progressText = (progress: CaptureProgress | undefined): string =>
  progress === undefined
    ? 'Waiting for its node'
    : [progress.step, files(progress.files), byteSize(progress.bytes)].join(' · ');
