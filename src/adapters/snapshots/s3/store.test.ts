import { once } from 'node:events';
import { createServer } from 'node:net';
import { inspect } from 'node:util';
import { MockAgent } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  bytesOf,
  chunksOf,
  contentOf,
  keep,
  manifestOf,
} from '../../../../tests/contracts/snapshot-store.contract.ts';
import { ulidSource } from '../../../domain/ids.ts';
import { type BucketChoice, type BucketWorld, LARGE, makeBucketWorld } from './testing/world.ts';

const newId = ulidSource();

let world: BucketWorld;
beforeEach(async () => {
  world = await makeBucketWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

describe('Snapshots in an S3-compatible store', () => {
  it('lie below their prefix, and are seen by every node', async () => {
    const id = newId();
    const { content } = await keep(await world.opened(), id, 100);
    const other = await world.opened({ node: 'other' });
    expect(await other.list()).toEqual([id]);
    expect((await bytesOf((await other.get(id)).archive)).equals(content)).toBe(true);
    expect(world.server.requests).toContain(`PUT /${world.server.bucket}/apps/${id}/archive.tar.zst`);
    expect(world.server.requests).toContain(`PUT /${world.server.bucket}/apps/${id}/manifest.json`);
    expect(await (await world.opened({ prefix: 'apps/deeper/' })).list()).toEqual([]);
    expect(await (await world.opened({ prefix: '' })).list()).toEqual([]);
  });

  it('may have the bucket to themselves', async () => {
    const store = await world.opened({ prefix: '' });
    const id = newId();
    await keep(store, id, 100);
    expect(await store.list()).toEqual([id]);
  });

  it('are kept also by a node that had no place for its notes when it started', async () => {
    const store = await world.opened();
    await world.clearDisk();
    const id = newId();
    await keep(store, id, 100);
    expect(await store.list()).toEqual([id]);
    expect(await world.leftovers(store)).toEqual([]);
  });

  it('are not asked for when a node starts', async () => {
    await world.opened();
    expect(world.server.requests).toEqual([]);
  });

  it('wait longer before each attempt, and give up', async () => {
    world.server.fate = () => 'refused';
    const store = await world.opened();
    await expect(store.list()).rejects.toMatchObject({
      code: 'unavailable',
      message: 'The snapshot store failed (503 SlowDown). Try again later.',
    });
    expect(world.pauses).toEqual([250, 500, 1000, 2000, 4000]);
    expect(world.server.requests).toHaveLength(6);
  });

  it('do not ask again for what was refused for good', async () => {
    await expect((await world.opened({ place: { bucket: 'absent' } })).list()).rejects.toThrow(
      'no such bucket',
    );
    expect(world.pauses).toEqual([]);
  });
});

/** An address where nobody listens any more. */
const nobody = async (): Promise<string> => {
  const probe = createServer();
  await once(probe.listen(0, '127.0.0.1'), 'listening');
  const { port } = probe.address() as { port: number };
  probe.close();
  return `http://127.0.0.1:${port}`;
};

describe('A snapshot store that cannot be used', () => {
  const SECRET = 'test-secret-not-real';

  it.each<[string, () => Promise<BucketChoice>, RegExp]>([
    [
      'credentials it does not know',
      async () => ({ place: { accessKeyId: 'test-key-not-real', secretAccessKey: SECRET } }),
      /^The snapshot store refused the credentials \(SANDBOXD_S3_ACCESS_KEY_ID\)/,
    ],
    [
      'a wrong secret',
      async () => ({ place: { secretAccessKey: SECRET } }),
      /^The snapshot store refused the credentials \(SANDBOXD_S3_ACCESS_KEY_ID\)/,
    ],
    [
      'a bucket that is absent',
      async () => ({ place: { bucket: 'absent' } }),
      /^The snapshot store has no such bucket \(SANDBOXD_SNAPSHOT_STORE\)/,
    ],
    [
      'nobody at its address',
      async () => ({ place: { endpoint: await nobody(), secretAccessKey: SECRET } }),
      /^The snapshot store does not answer\. Check SANDBOXD_S3_ENDPOINT/,
    ],
  ])('says what to check for %s, and shows no key', async (_, choose, message) => {
    const store = await world.opened(await choose());
    const id = newId();
    for (const attempt of [
      () => store.list(),
      () => store.find(id),
      () => store.get(id),
      () => store.remove(id),
      () => keep(store, id, LARGE),
    ]) {
      const error = await attempt().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({ code: 'unavailable', message: expect.stringMatching(message) });
      const shown = inspect(error, { depth: Infinity, showHidden: true });
      expect(shown).not.toContain(SECRET);
      expect(shown).not.toMatch(/Signature=|Credential=|test-key-not-real/);
    }
  });
});

const page = (id: string, next: string) =>
  `<?xml version="1.0"?><ListBucketResult><Contents><Key>apps/${id}/archive.tar.zst</Key></Contents>` +
  `<Contents><Key>apps/${id}/manifest.json</Key></Contents><Contents><Key>apps/notes/manifest.json</Key></Contents>` +
  `<Contents><Key>apps/${id}/old/manifest.json</Key></Contents>${next}</ListBucketResult>`;

describe('A snapshot store of somebody else’s making', () => {
  const ENDPOINT = 'https://s3.test';
  let mock: MockAgent;
  beforeEach(() => {
    mock = new MockAgent();
    mock.disableNetConnect();
  });
  afterEach(() => mock.close());

  const answers = (method: string, path: RegExp | string, status: number, body: string, headers = {}) =>
    mock.get(ENDPOINT).intercept({ method, path }).reply(status, body, { headers });

  const mocked = () => world.opened({ place: { endpoint: ENDPOINT }, dispatcher: mock });

  it('lists in pages', async () => {
    const ids = [newId(), newId(), newId()];
    const first = `/${world.server.bucket}?list-type=2&prefix=apps%2F`;
    answers('GET', first, 200, page(ids[0]!, '<NextContinuationToken>a&amp;b+c/=</NextContinuationToken>'));
    answers(
      'GET',
      `${first}&continuation-token=a%26b%2Bc%2F%3D`,
      200,
      page(ids[1]!, '<NextContinuationToken>2</NextContinuationToken>'),
    );
    answers('GET', `${first}&continuation-token=2`, 200, page(ids[2]!, ''));
    expect(await (await mocked()).list()).toEqual(ids);
  });

  it.each([
    [301, 'PermanentRedirect', /serves the bucket in another region. Check SANDBOXD_S3_REGION/],
    [400, 'AuthorizationHeaderMalformed', /serves the bucket in another region/],
    [403, 'RequestTimeTooSkewed', /clock is wrong/],
    [403, 'AccessDenied', /does not let these credentials/],
    [403, 'SomethingNew', /refused the credentials/],
    [507, 'XMinioStorageFull', /is full/],
    [418, '<script>', /failed \(418 no reason given\)/],
  ])('explains %i %s', async (status, code, message) => {
    mock
      .get(ENDPOINT)
      .intercept({ method: 'GET', path: /./ })
      .reply(status, `<Error><Code>${code}</Code></Error>`)
      .persist();
    await expect((await mocked()).find(newId())).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(message),
    });
  });

  it('may answer the end of an upload with an error after all, and is asked again', async () => {
    const id = newId();
    const path = `/${world.server.bucket}/apps/${id}`;
    answers('GET', `${path}/manifest.json`, 404, '<Error><Code>NoSuchKey</Code></Error>');
    answers('POST', `${path}/archive.tar.zst?uploads=`, 200, '<R><UploadId>u&amp;1</UploadId></R>');
    for (const number of [1, 2]) {
      answers('PUT', `${path}/archive.tar.zst?partNumber=${number}&uploadId=u%261`, 200, '', {
        etag: `"${number}"`,
      });
    }
    answers(
      'POST',
      `${path}/archive.tar.zst?uploadId=u%261`,
      200,
      '<?xml version="1.0"?>\n<Error><Code>InternalError</Code></Error>',
    );
    const body =
      '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>&quot;1&quot;</ETag></Part>' +
      '<Part><PartNumber>2</PartNumber><ETag>&quot;2&quot;</ETag></Part></CompleteMultipartUpload>';
    mock
      .get(ENDPOINT)
      .intercept({ method: 'POST', path: `${path}/archive.tar.zst?uploadId=u%261`, body })
      .reply(200, '<CompleteMultipartUploadResult/>');
    answers('PUT', `${path}/manifest.json`, 200, '');
    await (await mocked()).put(id, chunksOf(contentOf(LARGE)), () => manifestOf(id, contentOf(10)));
    mock.assertNoPendingInterceptors();
    expect(world.pauses).toEqual([250]);
  });

  it('has lost a snapshot whose manifest is damaged', async () => {
    answers('GET', /manifest/, 200, '{"version":1');
    expect(await (await mocked()).find(newId())).toBeUndefined();
  });
});
