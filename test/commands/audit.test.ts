import { describe, expect, it } from 'vitest';
import { audit } from '../../src/commands/audit.js';
import type { AuditEntryView } from '../../src/services/audit/audit.js';
import { NOW, terminal } from '../doubles/terminal.js';
import { useCasesDouble } from '../doubles/use-cases.js';
import { inputOf } from './raw.js';

/** A colour by C1, a turn of direction, a line separator, and a filler that shows nothing. */
const HOSTILE = 'a\u009b31mb\u202ec\u2028d\u3164e';
const SEEN = 'a\\u009b31mb\\u202ec\\u2028d\\u3164e';

const entry = (seq: number, reason: string): AuditEntryView => ({
  seq,
  at: NOW,
  said: { event: 'refresh_failed', account: 'an-id', reason },
  accountName: 'demo/alice',
});

async function shown(...entries: readonly AuditEntryView[]): Promise<string> {
  const { io, written } = terminal({ json: true });
  await audit.run(useCasesDouble({ auditTrail: async () => entries }), await inputOf(audit, ''), io);
  return written.stdout;
}

describe('vault audit --json', () => {
  it('is one object a line', async () => {
    const lines = (await shown(entry(1, 'one'), entry(2, 'two'))).split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { seq: 1, event: 'refresh_failed', reason: 'one', account: 'demo/alice', account_id: 'an-id' },
      { seq: 2, event: 'refresh_failed', reason: 'two', account: 'demo/alice', account_id: 'an-id' },
    ]);
  });

  it('shows what somebody wrote into the trail and lets no terminal act on it', async () => {
    const line = await shown(entry(1, HOSTILE));
    expect(line).toContain(`"reason":"${SEEN}"`);
    expect(JSON.parse(line)).toMatchObject({ reason: HOSTILE });
  });

  it('is nothing where nothing has happened', async () => {
    expect(await shown()).toBe('');
  });
});

describe('vault audit --verify', () => {
  it.each([
    ['current', 0, '3 entries checked: all is as it was written'],
    ['rolled_back', 9, 'the vault was put back from an older copy'],
    ['cloned', 9, 'the vault was copied or moved here'],
  ] as const)(
    'of a trail without a fault, in a vault that is %s, ends with %i',
    async (standing, code, says) => {
      const verdict = { checked: 3, unproved: 0, fault: null, standing };
      const useCases = useCasesDouble({ verifyAudit: async () => verdict });
      const { io, written } = terminal();
      await audit.run(useCases, await inputOf(audit, '--verify'), io);
      expect(io.exitCode).toBe(code);
      expect(written.stderr).toContain(says);
      const json = terminal({ json: true });
      await audit.run(useCases, await inputOf(audit, '--verify'), json.io);
      expect(JSON.parse(json.written.stdout)).toMatchObject({ whole: code === 0, standing });
    },
  );
});
