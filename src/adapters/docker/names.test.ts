import { describe, expect, it } from 'vitest';
import { fingerprint, namesOf } from './names.ts';

const ID = '01JD0000000000000000000000';

describe('namesOf', () => {
  it('fits the kernel, however long the instance is', () => {
    const names = namesOf('i'.repeat(32));
    expect(names.bridge.length).toBeLessThanOrEqual(15);
    expect(`${names.chainPrefix}-IN`.length).toBeLessThanOrEqual(28);
  });

  it('tells instances apart', () => {
    const [a, b] = [namesOf('a'), namesOf('b')];
    expect([a.bridge, a.network, a.chainPrefix, a.container(ID)]).not.toEqual([
      b.bridge,
      b.network,
      b.chainPrefix,
      b.container(ID),
    ]);
  });

  it('names one sandbox the same in either case, with the canonical id as its label', () => {
    const names = namesOf('home');
    expect(names.container(ID.toLowerCase())).toBe(names.container(ID));
    expect(names.container(ID)).toBe(`sandboxd-home-${ID.toLowerCase()}`);
    expect(names.labels(ID.toLowerCase())).toEqual({
      'sandboxd.instance': 'home',
      'sandboxd.sandbox': ID,
    });
  });

  it('names a volume after its options too', () => {
    const names = namesOf('home');
    expect(names.volume(ID, { o: 'a' })).not.toBe(names.volume(ID, { o: 'b' }));
    expect(names.volume(ID, { a: '1', b: '2' })).toBe(names.volume(ID, { b: '2', a: '1' }));
  });

  it.each(['', '-a', 'a/b', 'a b', 'i'.repeat(33), 'é'])('refuses %j as an instance', (instance) => {
    expect(() => namesOf(instance)).toThrow('instance');
  });
});

describe('fingerprint', () => {
  it('depends on values and the order of lists, not on the order of keys', () => {
    expect(fingerprint({ a: 1, b: { c: 2, d: 3 } })).toBe(fingerprint({ b: { d: 3, c: 2 }, a: 1 }));
    expect(fingerprint(['a', 'b'])).not.toBe(fingerprint(['b', 'a']));
    expect(fingerprint({ a: '1' })).not.toBe(fingerprint({ a: 1 }));
  });
});
