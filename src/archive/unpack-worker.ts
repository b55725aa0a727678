import { on } from 'node:events';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { type ThreadFailure, failureOf } from './thread-failure.ts';
import { type UnpackJob, type Unpacked, unpackHere } from './unpacking.ts';

/** To the worker: a part of the archive, or that it has ended. */
export type UnpackFeed = { readonly type: 'bytes'; readonly bytes: Uint8Array } | { readonly type: 'end' };

export type UnpackNotice =
  /** Bytes that are done with: as many may follow. */
  | { readonly type: 'taken'; readonly bytes: number }
  | { readonly type: 'done'; readonly unpacked: Unpacked }
  | ThreadFailure;

if (parentPort === null) throw new Error('This module is the entry of a worker: start it with unpack().');
const port = parentPort;
const tell = (notice: UnpackNotice): void => port.postMessage(notice);

try {
  tell({ type: 'done', unpacked: await unpackHere(received(port), workerData as UnpackJob) });
} catch (error) {
  tell(failureOf(error));
}
port.close();

async function* received(port: MessagePort): AsyncGenerator<Uint8Array> {
  for await (const [feed] of on(port, 'message') as AsyncIterable<[UnpackFeed]>) {
    if (feed.type === 'end') return;
    yield feed.bytes;
    tell({ type: 'taken', bytes: feed.bytes.byteLength });
  }
}
