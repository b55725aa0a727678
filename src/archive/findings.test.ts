import { describe, expect, it } from 'vitest';
import { Findings } from './findings.ts';
import { MAX_SIZE_BYTES, MOST } from './limits.ts';

describe('what a capture comes across', () => {
  it('is told of each kind once with its number', () => {
    const findings = new Findings();
    expect(findings.facts.warnings).toEqual([]);
    for (const warning of ['socket', 'device', 'device', 'setId'] as const) findings.note(warning);
    expect(findings.facts.warnings).toEqual([
      '2 devices were left out',
      '1 socket was left out',
      '1 entry lost its set-id bits',
    ]);
  });

  it('is counted, up to what an archive may hold', () => {
    const findings = new Findings();
    findings.entry(false);
    findings.entry(true);
    findings.content(MOST.contentBytes);
    const { contentBytes } = MOST;
    expect(findings.facts).toMatchObject({ entryCount: 2, fileCount: 1, contentBytes });
    expect(findings.progress).toEqual({ files: 1, bytes: contentBytes });
    expect(() => findings.content(1)).toThrow(/more than 64 GiB of files/);
    for (let count = 2; count < MOST.entryCount; count += 1) findings.entry(false);
    expect(() => findings.entry(true)).toThrow(/more than 2000000 files and directories/);
  });

  it('may have holes, which are no content, up to what can be looked through', () => {
    const findings = new Findings();
    findings.size(MAX_SIZE_BYTES);
    expect(findings.facts.contentBytes).toBe(0);
    expect(() => findings.size(1)).toThrow(/more than 1024 GiB of files, the holes/);
  });
});
