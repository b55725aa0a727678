import { describe, expect, it } from 'vitest';
import { Findings } from './findings.ts';
import { MAX_CONTENT_BYTES, MAX_ENTRIES } from './limits.ts';

describe('what a capture comes across', () => {
  it('is told of each kind once with its number', () => {
    const findings = new Findings();
    expect(findings.warnings).toEqual([]);
    for (const finding of ['socket', 'device', 'device', 'setId'] as const) findings.note(finding);
    expect(findings.warnings).toEqual([
      '2 devices were left out',
      '1 socket was left out',
      '1 entry lost its set-id bits',
    ]);
  });

  it('is counted, up to what an archive may hold', () => {
    const findings = new Findings();
    findings.add(false, 0);
    findings.add(true, MAX_CONTENT_BYTES);
    expect(findings).toMatchObject({ entryCount: 2, fileCount: 1, contentBytes: MAX_CONTENT_BYTES });
    expect(findings.progress).toEqual({ files: 1, bytes: MAX_CONTENT_BYTES });
    expect(() => findings.add(true, 1)).toThrow(/more than 64 GiB/);
    findings.contentBytes = 0;
    findings.entryCount = MAX_ENTRIES;
    expect(() => findings.add(true, 0)).toThrow(/more than 2000000 files and directories/);
  });
});
