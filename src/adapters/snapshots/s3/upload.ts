import { SandboxdError } from '../../../domain/errors.ts';
import type { S3Client } from './client.ts';
import { S3Failure } from './failure.ts';
import { partsOf } from './parts.ts';
import { escapeXml, textOf } from './xml.ts';

/** All of one size, as some stores want it. Two of them are in memory at once. */
const PART_BYTES = 16 * 2 ** 20;
/** The most that a store takes of one upload: makes 156 GiB. */
const MAX_PARTS = 10_000;

export interface Upload {
  readonly client: S3Client;
  readonly key: string;
  /** Told before the first part goes out, so that somebody can abort what a crash leaves. */
  readonly onBegin: (uploadId: string) => Promise<void>;
}

/**
 * Uploads an object of unknown length. It is there when this resolves, and not before the bytes have come to their end. Failing leaves
 * an unfinished upload behind, which costs space until it is aborted.
 * @throws S3Failure; payload_too_large; what the bytes throw
 */
export async function upload(to: Upload, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  await using parts = partsOf(bytes, PART_BYTES);
  const first = (await parts.next()).value ?? new Uint8Array();
  // Most are small, and one request does.
  if (first.length < PART_BYTES) await to.client.send('PUT', to.key, { body: first });
  else await uploadParts(to, first, parts);
}

async function uploadParts(to: Upload, first: Uint8Array, rest: AsyncIterable<Uint8Array>): Promise<void> {
  const { client, key } = to;
  const { text } = await client.send('POST', key, { query: { uploads: '' } });
  const uploadId = textOf(text, 'UploadId');
  if (uploadId === undefined) throw new S3Failure('POST', 200, 'no upload id');
  await to.onBegin(uploadId);
  const tags = [await sendPart(to, uploadId, 1, first)];
  let length = first.length;
  for await (const part of rest) {
    if (tags.length === MAX_PARTS) throw tooLarge();
    tags.push(await sendPart(to, uploadId, tags.length + 1, part));
    length += part.length;
  }
  await complete(to, uploadId, { tags, length });
}

async function sendPart(to: Upload, uploadId: string, number: number, body: Uint8Array): Promise<string> {
  const query = { partNumber: String(number), uploadId };
  const tag = (await to.client.send('PUT', to.key, { query, body })).header('etag');
  if (tag === undefined) throw new S3Failure('PUT', 200, 'no tag of a part');
  return tag;
}

async function complete(
  { client, key }: Upload,
  uploadId: string,
  { tags, length }: { tags: readonly string[]; length: number },
): Promise<void> {
  const parts = tags.map(
    (tag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>${escapeXml(tag)}</ETag></Part>`,
  );
  const body = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`;
  try {
    await client.send('POST', key, { query: { uploadId }, body });
  } catch (error) {
    // When the answer of a first attempt is lost, the second finds the upload gone, and the object there.
    if (!(error instanceof S3Failure && error.isAbsence && (await sizeOf(client, key)) === length))
      throw error;
  }
}

async function sizeOf(client: S3Client, key: string): Promise<number | undefined> {
  try {
    return Number((await client.send('HEAD', key)).header('content-length'));
  } catch (error) {
    if (error instanceof S3Failure && error.isAbsence) return undefined;
    throw error;
  }
}

/** Gives up an upload and what was sent of it. Absent is fine. @throws S3Failure */
export async function abortUpload(client: S3Client, key: string, uploadId: string): Promise<void> {
  await sendIfThere(client, key, { uploadId });
}

/** Absent is fine. @throws S3Failure */
export async function deleteObject(client: S3Client, key: string): Promise<void> {
  await sendIfThere(client, key, {});
}

async function sendIfThere(client: S3Client, key: string, query: Record<string, string>): Promise<void> {
  try {
    await client.send('DELETE', key, { query });
  } catch (error) {
    if (!(error instanceof S3Failure && error.isAbsence)) throw error;
  }
}

const tooLarge = () =>
  new SandboxdError(
    'payload_too_large',
    `The snapshot is larger than ${Math.floor((PART_BYTES * MAX_PARTS) / 2 ** 30)} GiB, which is the most that is kept. Delete what the app does not need.`,
  );
