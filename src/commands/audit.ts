import { parseDuration } from '../domain/duration.js';
import { ERROR_CODES, VaultError } from '../domain/errors.js';
import { rfc3339 } from '../domain/time.js';
import { count } from '../domain/wording.js';
import type { AuditEntryView, AuditRequest, AuditVerdict } from '../services/audit/audit.js';
import type { Column, Io } from '../ui/io.js';
import type { Command } from './spec.js';
import { given, text, wholeNumber } from './spec.js';

interface AuditInput {
  readonly request: AuditRequest;
  readonly verify: boolean;
}

const USUAL = 100;
const MOST = 1_000_000;
/** Members of a line that have columns of their own, or that only a program wants. */
const ELSEWHERE = ['time', 'id', 'event', 'account', 'subject', 'uid', 'pid', 'parent', 'terminal'];

const COLUMNS: readonly Column[] = [
  { title: 'WHEN (UTC)' },
  { title: 'EVENT' },
  { title: 'ABOUT', shrink: true },
  { title: 'BY' },
];

const FAULTS: Record<NonNullable<AuditVerdict['fault']>['kind'], string> = {
  edited: 'was edited, or one before it was taken out and the rest numbered anew',
  missing: 'is missing',
  out_of_order: 'is not in its place',
  duplicated: 'is a copy of another one',
  added: 'was added by somebody else',
  tail_cut: 'and what follows is missing: the end was cut off',
};

/** What has happened since a copy was made stands in no entry of it. */
const OLDER = {
  rolled_back: 'the vault was put back from an older copy: what happened after that copy is not in its trail',
  cloned: 'the vault was copied or moved here: whether its trail ends where it ended there cannot be told',
} as const;

/** Shows what has happened, and proves that nothing of it was altered. */
export const audit: Command<AuditInput> = {
  name: 'audit',
  summary: 'show what has happened, and whether it was altered',
  arguments: [],
  options: [
    { flags: '--account <name>', description: 'only events of this account, or of those that begin so' },
    { flags: '--since <duration>', description: 'only what is younger' },
    { flags: '--limit <number>', description: 'the newest so many', defaultText: String(USUAL) },
    { flags: '--verify', description: 'check every entry; needs the key' },
  ],
  examples: [
    { line: 'vault audit', says: 'the last hundred events' },
    { line: 'vault audit --account google/work --since 7d', says: 'of one account, in the last week' },
    {
      line: 'vault audit --verify',
      says: 'exit 9 at the first entry that is not as it was written',
    },
    { line: 'vault audit --since 1d --limit 100000 --json', says: 'one JSON object a line' },
  ],

  parse(raw) {
    const since = text(raw, '--since');
    const request = {
      selector: text(raw, '--account'),
      since: since === null ? null : parseDuration(since, '--since'),
      limit: wholeNumber(raw, '--limit', 1, MOST) ?? USUAL,
    };
    const verify = given(raw, '--verify');
    const narrowed = [request.selector, request.since, text(raw, '--limit')].some((each) => each !== null);
    if (verify && narrowed)
      throw new VaultError('usage', '--verify checks every entry and takes no other choice');
    return { request, verify };
  },

  async run(useCases, { request, verify }, io) {
    if (verify) {
      report(await useCases.verifyAudit(), io);
      return;
    }
    const entries = await useCases.auditTrail(request);
    if (io.json) {
      io.documents(entries.map(document));
    } else if (entries.length === 0) {
      io.say('nothing has happened yet that would be like that');
    } else {
      io.table(
        COLUMNS,
        entries.map((entry) => row(entry)),
      );
      const waiting = entries.filter(({ seq }) => seq === null).length;
      if (waiting > 0) io.detail(`${count(waiting, 'event')} will come into the trail with the next change`);
    }
  },
};

function row({ at, said, accountName }: AuditEntryView): readonly string[] {
  const account =
    typeof said['account'] === 'string' ? (accountName ?? `gone ${said['account'].slice(0, 8)}`) : null;
  const facts = Object.entries(said).filter(([name]) => !ELSEWHERE.includes(name));
  const rest = facts.filter(([name]) => account === null || name !== 'provider');
  const about = [...(account === null ? [] : [account]), ...rest.map(([name, value]) => fact(name, value))];
  const parent = typeof said['parent'] === 'string' ? said['parent'] : null;
  const by = `${parent ?? '-'}${said['terminal'] === true ? ' (terminal)' : ''}`;
  return [
    (rfc3339(at) ?? '').slice(0, 19).replace('T', ' '),
    String(said['event'] ?? 'not readable'),
    about.join(' '),
    by,
  ];
}

function fact(name: string, value: unknown): string {
  if (name === 'provider') return String(value);
  return `${name}=${Array.isArray(value) ? value.join(',') : String(value)}`;
}

/** The line as it was written, with its number and the account's name of today. */
function document({ seq, said, accountName }: AuditEntryView) {
  const { account, ...rest } = said;
  return { seq, ...rest, account: accountName, account_id: account ?? null };
}

function entries(number: number): string {
  return number === 1 ? '1 entry' : `${number} entries`;
}

function report(verdict: AuditVerdict | null, io: Io): void {
  if (verdict === null) {
    if (io.json) io.document({ whole: true, checked: 0, unproved: 0, fault: null, standing: null });
    else io.say('there is no vault yet, and nothing has happened to it');
    return;
  }
  const { checked, unproved, fault, standing } = verdict;
  const whole = fault === null && (standing === 'current' || standing === null);
  if (!whole) io.exitCode = ERROR_CODES.vault_damaged;
  if (io.json) {
    const named = fault && { ...fault, at: rfc3339(fault.at) };
    io.document({ whole, checked, unproved, fault: named, standing });
    return;
  }
  if (unproved > 0) {
    io.warn(
      `${entries(unproved)} before the rest cannot be checked: the vault lost its ledger once`,
      'yellow',
    );
  }
  if (fault !== null) {
    const when = fault.at === null ? '' : ` (${rfc3339(fault.at)})`;
    io.warn(
      `entry ${fault.seq}${when} ${FAULTS[fault.kind]}; ${entries(checked)} before it as they were written`,
      'red',
    );
    io.warn('  hint: security.log has the same events; compare them from there on');
  }
  if (standing === 'rolled_back' || standing === 'cloned') {
    io.warn(OLDER[standing], 'red');
    io.warn('  hint: vault doctor');
  }
  if (whole) io.say(`${entries(checked)} checked: all is as it was written`, 'green');
}
