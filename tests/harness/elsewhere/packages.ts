import { createHash } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import { runProgram } from '../../../src/host/run-program.ts';

/** A package that no public registry has, for npm and for Python: whoever got it was at the mirror. */
export const MIRRORED = {
  name: 'sandboxd-test-mirrored',
  version: '1.0.0',
  says: 'from the mirror',
} as const;

export interface Page {
  readonly path: string;
  readonly content: string | Uint8Array;
}

/** An npm registry with that package alone, at `/npm/`. */
export async function npmRegistry(): Promise<Page[]> {
  const { name, version, says } = MIRRORED;
  const manifest = { name, version, main: 'index.js' };
  const files = pack();
  files.entry({ name: 'package/package.json' }, JSON.stringify(manifest));
  files.entry({ name: 'package/index.js' }, `module.exports = '${says}';\n`);
  files.finalize();
  const content = await buffer(files.pipe(createGzip()));
  const tarball = `/npm/${name}/-/${name}-${version}.tgz`;
  const integrity = `sha512-${createHash('sha512').update(content).digest('base64')}`;
  const shasum = createHash('sha1').update(content).digest('hex');
  const dist = { tarball: `{origin}${tarball}`, integrity, shasum };
  const packument = {
    name,
    'dist-tags': { latest: version },
    versions: { [version]: { ...manifest, dist } },
    // Older than any rule about fresh releases asks for.
    time: {
      created: '2020-01-01T00:00:00.000Z',
      modified: '2020-01-01T00:00:00.000Z',
      [version]: '2020-01-01T00:00:00.000Z',
    },
  };
  return [
    { path: `/npm/${name}`, content: JSON.stringify(packument) },
    { path: tarball, content },
  ];
}

/** A Python package index with that package alone, at `/simple/`. */
export async function pythonIndex(): Promise<Page[]> {
  const { name, version, says } = MIRRORED;
  const module = name.replaceAll('-', '_');
  const wheel = `${module}-${version}-py3-none-any.whl`;
  const info = `${module}-${version}.dist-info`;
  const files = {
    [`${module}.py`]: `SAYS = '${says}'\n`,
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`,
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    [`${info}/RECORD`]: '',
  };
  const page = `/simple/${name}/`;
  return [
    { path: page, content: `<a href="${wheel}">${wheel}</a>` },
    { path: page + wheel, content: await zip(files) },
  ];
}

const ZIP = `
import base64, io, json, sys, zipfile
out = io.BytesIO()
with zipfile.ZipFile(out, 'w') as archive:
    for name, content in json.loads(sys.argv[1]).items():
        archive.writestr(name, content)
print(base64.b64encode(out.getvalue()).decode())
`;

async function zip(files: Record<string, string>): Promise<Uint8Array> {
  const [encoded = ''] = await runProgram('python3', ['-c', ZIP, JSON.stringify(files)]);
  return Buffer.from(encoded, 'base64');
}

/** A repository that `git ls-remote` reads over plain HTTP, at `/repository.git`. */
export function gitRepository(): Page[] {
  const commit = 'c0ffee'.padEnd(40, '0');
  return [
    { path: '/repository.git/info/refs', content: `${commit}\trefs/heads/main\n` },
    { path: '/repository.git/HEAD', content: 'ref: refs/heads/main\n' },
  ];
}
