import { describe, expect, it } from 'vitest';
import { compareVersions } from './engine.ts';
import { describeFinding, examineAll } from './examine.ts';
import type { MachineFacts } from './facts.ts';

const GIB = 2 ** 30;

const fit: MachineFacts = {
  platform: 'linux',
  arch: 'x64',
  isRoot: true,
  mayUseEngine: true,
  memoryBytes: 8 * GIB,
  freeDiskBytes: 50 * GIB,
  dataDir: '/var/lib/sandboxd',
  dataDirWritable: true,
  listen: { host: '127.0.0.1', port: 8080 },
  portState: 'free',
  hasIptables: true,
  engine: { version: '20.10.24', apiVersion: '1.41', storageDriver: 'overlay2' },
  bucket: undefined,
  canInstall: true,
  unknownNames: [],
};

const remediesWithout = (canInstall: boolean) =>
  examineAll({ ...fit, engine: undefined, hasIptables: false, canInstall }).map(({ remedy }) => remedy);

describe('examining a machine', () => {
  it('finds nothing on a fit one', () => {
    expect(examineAll(fit).filter(({ level }) => level !== 'ok')).toEqual([]);
  });

  it.each<[string, Partial<MachineFacts>, string, 'warn' | 'fail']>([
    ['another system', { platform: 'darwin' }, 'System', 'fail'],
    ['another processor', { arch: 'riscv64' }, 'System', 'fail'],
    ['a user of the engine', { isRoot: false }, 'User', 'warn'],
    ['a stranger to the engine', { isRoot: false, mayUseEngine: false }, 'User', 'fail'],
    ['a user where there is no engine', { isRoot: false, mayUseEngine: undefined }, 'User', 'fail'],
    ['little memory', { memoryBytes: 1.2 * GIB }, 'Memory', 'warn'],
    ['too little memory', { memoryBytes: 0.5 * GIB }, 'Memory', 'fail'],
    ['little disk', { freeDiskBytes: 3 * GIB }, 'Disk', 'warn'],
    ['too little disk', { freeDiskBytes: 1 * GIB }, 'Disk', 'fail'],
    ['a long data directory', { dataDir: `/${'d'.repeat(60)}` }, 'Data directory', 'fail'],
    ['a colon in the data directory', { dataDir: '/srv/a:b' }, 'Data directory', 'fail'],
    ['a comma in the data directory', { dataDir: '/srv/a,b' }, 'Data directory', 'fail'],
    ['a space in the data directory', { dataDir: '/srv/a b' }, 'Data directory', 'fail'],
    ['a data directory of somebody else', { dataDirWritable: false }, 'Data directory', 'fail'],
    ['a bucket that is away', { bucket: { name: 'b', trouble: 'Check it.' } }, 'Snapshots', 'warn'],
    ['a port in use', { portState: 'taken' }, 'Port', 'fail'],
    ['a port above the user', { portState: 'forbidden' }, 'Port', 'fail'],
    ['a misspelt variable', { unknownNames: ['SANDBOXD_LISTNE'] }, 'Configuration', 'warn'],
    ['no engine', { engine: undefined }, 'Docker engine', 'fail'],
    ['an old engine', { engine: { ...fit.engine!, apiVersion: '1.40' } }, 'Docker engine', 'fail'],
    [
      'another storage driver',
      { engine: { ...fit.engine!, storageDriver: 'vfs' } },
      'Storage driver',
      'warn',
    ],
    ['no iptables', { hasIptables: false }, 'Firewall', 'fail'],
  ])('tells of %s, with a remedy', (_, facts, name, level) => {
    const found = examineAll({ ...fit, ...facts }).find((finding) => finding.name === name);
    expect(found).toMatchObject({ level, remedy: expect.stringMatching(/\w+ .*\.$/) });
  });

  it('accepts the longest data directory that is allowed', () => {
    const found = examineAll({ ...fit, dataDir: `/${'d'.repeat(59)}` }).find(
      ({ name }) => name === 'Data directory',
    );
    expect(found?.level).toBe('ok');
  });

  it('promises to install Docker only where it can', () => {
    expect(remediesWithout(true)).toContain('"sandboxd up" installs and starts it.');
    expect(remediesWithout(false)).not.toContain('"sandboxd up" installs and starts it.');
  });
});

it('compares versions by their numbers', () => {
  expect(compareVersions('1.41', '1.41')).toBe(0);
  expect(compareVersions('1.5', '1.41')).toBeLessThan(0);
  expect(compareVersions('1.100', '1.41')).toBeGreaterThan(0);
  expect(compareVersions('2', '1.99')).toBeGreaterThan(0);
});

it('puts a remedy on a line of its own', () => {
  expect(describeFinding({ name: 'Port', level: 'fail', found: 'taken', remedy: 'Free it.' })).toBe(
    '✗ Port            taken\n    Free it.',
  );
});
