import { chmodSync, chownSync, linkSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { attacks, makeTemp, verifies } from '@secure-mcp/testkit';
import { afterAll, describe, expect, test } from 'vitest';

import { type AuditEvent, createAudit, fileSink, type Sink } from '../src/index.ts';

const temp = makeTemp();
afterAll(() => temp.remove());

const event: AuditEvent = {
  type: 'tool.call',
  outcome: 'allow',
  transport: 'stdio',
  principal: 'local:1000',
  request: { method: 'tools/call', name: 'read_file', client: 'a\nb {"v":1}' },
  duration_ms: 1,
};

function memory(): Sink & { readonly lines: string[] } {
  const lines: string[] = [];
  return { lines, write: (line) => void lines.push(line), close: () => undefined };
}

describe('createAudit', () => {
  test('numbers the events of a run', () => {
    const sink = memory();
    const audit = createAudit({ server: 'test', sink, now: () => new Date(0) });
    audit.record(event);
    audit.record(event);
    const [first, second] = sink.lines.map((line) => Object(JSON.parse(line)));
    expect(first).toMatchObject({ v: 1, seq: 1, ts: '1970-01-01T00:00:00.000Z', server: 'test' });
    expect(second).toMatchObject({ seq: 2, instance: first.instance });
  });

  test(verifies('C9.one-line', 'an event is one line, whatever stands in it'), () => {
    const sink = memory();
    createAudit({ server: 'test', sink }).record(event);
    expect(sink.lines).toHaveLength(1);
    expect(sink.lines[0]).not.toContain('\n');
  });

  test(
    verifies('C9.no-values', 'nothing hides in a line, and its text is the same when it is read'),
    () => {
      for (const { text } of attacks.HIDDEN_TEXTS) {
        const sink = memory();
        createAudit({ server: 'test', sink }).record({ ...event, principal: `p ${text}` });
        const [line = ''] = sink.lines;
        expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{DI}\u2800]/u);
        expect(JSON.parse(line)).toMatchObject({ principal: `p ${text}` });
      }
    },
  );

  test('leaves a place for a seal', () => {
    const sink = memory();
    const seal = (
      record: Parameters<NonNullable<Parameters<typeof createAudit>[0]['seal']>>[0],
    ) => ({ ...record, ts: 'sealed' });
    createAudit({ server: 'test', sink, seal }).record(event);
    expect(JSON.parse(sink.lines[0] ?? '')).toMatchObject({ ts: 'sealed' });
  });
});

describe('fileSink', () => {
  test('appends lines to a file that only its owner can read', () => {
    const path = join(temp.path, 'audit.log');
    for (const line of ['one', 'two']) {
      const sink = fileSink(path);
      sink.write(line);
      sink.close();
    }
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('refuses a link in the place of the file', () => {
    const target = temp.write('target', '');
    const link = join(temp.path, 'link.log');
    symlinkSync(target, link);
    expect(() => fileSink(link)).toThrow();
  });

  test.each([
    ['that others may write', (path: string) => chmodSync(path, 0o666)],
    ['that has another name', (path: string) => linkSync(path, `${path}.other`)],
    ['that belongs to somebody else', (path: string) => chownSync(path, 65_534, 65_534)],
  ])(verifies('C9.fail-closed', 'refuses a file %s'), (title, spoil) => {
    const path = temp.write(`${title}.log`, '');
    chmodSync(path, 0o600);
    if (process.getuid?.() !== 0 && title.includes('belongs')) return;
    spoil(path);
    expect(() => fileSink(path)).toThrow('not only ours');
  });

  test(verifies('C9.fail-closed', 'a full disk is an error, not a lost line'), () => {
    const sink = fileSink('/dev/full');
    expect(() => sink.write('line')).toThrow('ENOSPC');
    sink.close();
  });

  test('a directory that cannot be written is an error', () => {
    const path = temp.write('closed/file', '');
    chmodSync(join(path, '..'), 0o500);
    expect(() => fileSink(path.replace('file', 'audit/deep'))).toThrow();
  });
});
