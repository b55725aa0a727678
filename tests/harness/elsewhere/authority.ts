import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../../../src/host/run-program.ts';

/** A certificate authority that nobody else trusts, and a server's certificate by it. */
export interface Authority extends AsyncDisposable {
  /** Its own certificate, in a file. */
  readonly file: string;
  readonly tls: { readonly key: string; readonly cert: string };
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

const openssl = (...args: string[]) => runProgram('openssl', args);

/** @param names of the server, like `DNS:web.test` or `IP:10.0.0.1` */
export async function makeAuthority(names: readonly string[]): Promise<Authority> {
  const directory = await mkdtemp(join(tmpdir(), 'sandboxd-authority-'));
  const at = (name: string) => join(directory, name);
  const extensions = `subjectAltName=${names.join(',')}\nbasicConstraints=CA:FALSE\n`;
  await writeFile(at('extensions'), extensions);
  await openssl(
    'req',
    '-x509',
    ...KEY,
    '-subj',
    '/CN=Test authority',
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
  );
  await openssl(
    'req',
    '-new',
    ...KEY,
    '-subj',
    '/CN=Test server',
    '-keyout',
    at('key'),
    '-out',
    at('request'),
  );
  const signed = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '2'];
  await openssl(
    'x509',
    '-req',
    '-in',
    at('request'),
    ...signed,
    '-extfile',
    at('extensions'),
    '-out',
    at('cert'),
  );
  const [key, cert] = await Promise.all([readFile(at('key'), 'utf8'), readFile(at('cert'), 'utf8')]);
  return {
    file: at('ca.pem'),
    tls: { key, cert },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}
