import { describe, expect, it } from 'vitest';
import { printEvents, printVerdict } from '../../src/commands/audit.js';
import type { AuditEntryView } from '../../src/services/audit/audit.js';
import { NOW, terminal } from '../doubles/terminal.js';

/** A colour by C1, a turn of direction, a line separator, and a filler that shows nothing. */
const HOSTILE = 'a\u009b31mb\u202ec\u2028d\u3164e';
const SEEN = 'a\\u009b31mb\\u202ec\\u2028d\\u3164e';

const entry = (seq: number, reason: string): AuditEntryView => ({
  seq,
  at: NOW,
  said: { event: 'refresh_failed', account: 'an-id', reason },
  accountName: 'demo/alice',
});

function shown(...entries: readonly AuditEntryView[]): string {
  const { io, written } = terminal({ json: true });
  printEvents(entries, io, 'no events yet');
  return written.stdout;
}

describe('vault audit --json', () => {
  it('is one object per line', () => {
    const lines = shown(entry(1, 'one'), entry(2, 'two')).split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { seq: 1, event: 'refresh_failed', reason: 'one', account: 'demo/alice', account_id: 'an-id' },
      { seq: 2, event: 'refresh_failed', reason: 'two', account: 'demo/alice', account_id: 'an-id' },
    ]);
  });

  it('escapes characters that a terminal would obey', () => {
    const line = shown(entry(1, HOSTILE));
    expect(line).toContain(`"reason":"${SEEN}"`);
    expect(JSON.parse(line)).toMatchObject({ reason: HOSTILE });
  });

  it('is empty without events', () => {
    expect(shown()).toBe('');
  });
});

describe('vault audit --verify', () => {
  it.each([
    ['current', 0, '3 entries checked: none was altered or removed'],
    ['rolled_back', 9, 'the vault was restored from an older copy'],
    ['cloned', 9, 'the vault was copied or moved here'],
  ] as const)('of an intact trail, in a vault that is %s, exits with %i', (standing, code, says) => {
    const verdict = { checked: 3, unproved: 0, fault: null, standing };
    const { io, written } = terminal();
    printVerdict(verdict, io);
    expect(io.exitCode).toBe(code);
    expect(written.stderr).toContain(says);
    const json = terminal({ json: true });
    printVerdict(verdict, json.io);
    expect(JSON.parse(json.written.stdout)).toMatchObject({ whole: code === 0, standing });
  });
});
