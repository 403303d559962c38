import { describe, expect, it } from 'vitest';
import { abuseIn } from '../../src/audit/abuse.js';
import type { ReadLine } from '../../src/audit/reading.js';
import { MINUTE } from '../../src/domain/duration.js';

const lines = (count: number, said: ReadLine['said'], apart: number = MINUTE): ReadLine[] =>
  Array.from({ length: count }, (_, n) => ({ seq: n, at: n * apart, said }));
const kinds = (found: readonly ReadLine[]) => abuseIn(found).map(({ kind, count }) => [kind, count]);

describe('abuse', () => {
  it.each<[string, ReadLine[], [string, number][]]>([
    ['nothing', [], []],
    ['many logins', lines(50, { event: 'login_started', provider: 'demo' }), []],
    ['many wrong keys', lines(50, { event: 'open_failed', code: 'key_wrong' }), []],
    ['a locked keychain', lines(50, { event: 'open_failed', code: 'key_locked' }), []],
    [
      'a login from another issuer',
      lines(1, { event: 'login_failed', code: 'login_refused', why: 'other_issuer' }),
      [['other_issuer', 1]],
    ],
    ['a login that was refused', lines(9, { event: 'login_failed', code: 'login_refused' }), []],
    [
      'wrong callbacks beyond ten',
      lines(1, { event: 'callback_refused', why: 'too_many_wrong_states', count: 11 }),
      [['wrong_callbacks', 1]],
    ],
    [
      'another user at the listener of a login, first told one by one and then in sum',
      [1, 2, 3, 70].flatMap((count) => lines(1, { event: 'callback_refused', why: 'other_user', count })),
      [['login_strangers', 1]],
    ],
    ['altered lines', lines(2, { event: 'queue_altered', count: 3 }), [['queue_altered', 2]]],
    [
      'a vault that was put back',
      lines(2, { event: 'integrity_alarm', code: 'vault_rolled_back' }),
      [['integrity_alarm', 2]],
    ],
    [
      'one that was accepted since, but for what came up again',
      [
        ...lines(1, { event: 'integrity_alarm', code: 'vault_damaged' }),
        ...lines(1, { event: 'rollback_accepted' }),
        ...lines(4, { event: 'integrity_alarm', code: 'vault_rolled_back' }),
      ],
      [['integrity_alarm', 1]],
    ],
    ['lines that say nothing', lines(3, {}), []],
  ])('%s', (_what, found, expected) => {
    expect(kinds(found)).toEqual(expected);
  });
});
