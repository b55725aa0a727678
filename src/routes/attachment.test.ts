import { describe, expect, it } from 'vitest';
import { attachment } from './attachment.ts';

describe('the name of a file to save', () => {
  it.each([
    ['Todo list', 'attachment; filename="Todo list.zip"'],
    ['a/b\\c:d', 'attachment; filename="a-b-c-d.zip"'],
    ['x"; filename="y', 'attachment; filename="x- filename-y.zip"'],
    ['line\r\nSet-Cookie: a=b', 'attachment; filename="line-Set-Cookie- a-b.zip"'],
    ['../../etc/passwd', 'attachment; filename="etc-passwd.zip"'],
    ['.bashrc', 'attachment; filename="bashrc.zip"'],
    ['', 'attachment; filename="app.zip"'],
    ['???', 'attachment; filename="app.zip"'],
    ['Café', `attachment; filename="Cafe.zip"; filename*=UTF-8''Caf%C3%A9.zip`],
    ['日本', `attachment; filename="app.zip"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.zip`],
    ['gpj\u202eexe', 'attachment; filename="gpj-exe.zip"'],
  ])('of %j', (name, header) => {
    expect(attachment(name, '.zip')).toBe(header);
  });

  it('is not too long for any file system', () => {
    expect(attachment('n'.repeat(5000), '.zip').length).toBeLessThan(150);
    expect(attachment('本'.repeat(5000), '.zip').length).toBeLessThan(1100);
  });
});
