import { parseDuration } from '../domain/duration-text.js';
import { EXIT_CODES, VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { rfc3339 } from '../domain/time.js';
import { count } from '../domain/wording.js';
import {
  type AuditEntryView,
  type AuditRequest,
  type AuditVerdict,
  auditTrail,
  verifyAudit,
} from '../services/audit/audit.js';
import type { Column, Io } from '../ui/io.js';
import { printTable } from '../ui/layout.js';
import type { Command } from './spec.js';
import { given, text, wholeNumber } from './spec.js';

interface AuditInput {
  readonly request: AuditRequest;
  readonly verify: boolean;
}

const USUAL = 100;
const MOST = 1_000_000;
/** Members that have a column of their own, or are for programs only. */
const ELSEWHERE = ['time', 'id', 'event', 'account', 'subject', 'uid', 'pid', 'parent', 'terminal'];

const COLUMNS: readonly Column[] = [
  { title: 'WHEN (UTC)' },
  { title: 'EVENT' },
  { title: 'ABOUT', shrink: true },
  { title: 'BY' },
];

const FAULTS: Record<NonNullable<AuditVerdict['fault']>['kind'], string> = {
  edited: 'does not follow from the entry before it',
  missing: 'is missing',
  added: 'was not written by this program',
  tail_cut: 'and all later ones are missing: the end was cut off',
};

/** The trail of an older copy is intact, but ends too early. */
const OLDER = {
  rolled_back: 'the vault was restored from an older copy: its trail lacks all events since that copy',
  cloned: 'the vault was copied or moved here: later events may be missing from its trail',
} as const;

export const audit: Command<AuditInput> = {
  arguments: [],
  options: [
    {
      flags: '--account <name>',
      description: 'only events of this account (name, provider or prefix)',
      values: 'account',
    },
    { flags: '--since <duration>', description: 'only events newer than this' },
    {
      flags: '--limit <number>',
      description: 'print at most this many, the newest ones',
      defaultText: String(USUAL),
    },
    { flags: '--verify', description: 'check every entry; needs the key' },
  ],
  examples: {
    audit: 'the last hundred events',
    'audit --account google/work --since 7d': 'events of one account in the last week',
    'audit --verify': 'exit 9 if an entry was altered or removed',
    'audit --since 1d --limit 100000 --json': 'one JSON object per line',
  },

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
      throw new VaultError('usage', '--verify checks every entry; it takes no --account, --since or --limit');
    return { request, verify };
  },

  async run(ctx, { request, verify }, io) {
    if (verify) {
      printVerdict(await verifyAudit(ctx), io);
      return;
    }
    const isWhole = request.selector === null && request.since === null;
    printEvents(await auditTrail(ctx, request), io, isWhole ? 'no events yet' : 'no events match');
  },
};

/** @param none what to print when there are none */
export function printEvents(events: readonly AuditEntryView[], io: Io, none: string): void {
  if (io.json) {
    io.documents(events.map(document));
  } else if (events.length === 0) {
    io.say(none);
  } else {
    printTable(io, COLUMNS, events.map(row));
    const waiting = events.filter(({ seq }) => seq === null).length;
    if (waiting > 0) io.detail(`${count(waiting, 'event')} will be added to the trail with the next change`);
  }
}

function row({ at, said, accountName }: AuditEntryView): readonly string[] {
  const account =
    typeof said['account'] === 'string' ? (accountName ?? `removed ${said['account'].slice(0, 8)}`) : null;
  const facts = Object.entries(said).filter(([name]) => !ELSEWHERE.includes(name));
  const rest = facts.filter(([name]) => account === null || name !== 'provider');
  const about = [...(account === null ? [] : [account]), ...rest.map(([name, value]) => fact(name, value))];
  const parent = typeof said['parent'] === 'string' ? said['parent'] : null;
  const by = `${parent ?? '-'}${said['terminal'] === true ? ' (terminal)' : ''}`;
  return [
    (rfc3339(at) ?? '').slice(0, 19).replace('T', ' '),
    String(said['event'] ?? 'unreadable'),
    about.join(' '),
    by,
  ];
}

function fact(name: string, value: unknown): string {
  if (name === 'provider') return String(value);
  return `${name}=${Array.isArray(value) ? value.join(',') : String(value)}`;
}

/** The event as it was written, with its number and the account's current name. */
function document({ seq, said, accountName }: AuditEntryView) {
  const { account, ...rest } = said;
  return { seq, ...rest, account: accountName, account_id: account ?? null };
}

function entries(number: number): string {
  return count(number, 'entry', 'entries');
}

export function printVerdict(verdict: AuditVerdict | null, io: Io): void {
  if (verdict === null) {
    if (io.json) io.document({ whole: true, checked: 0, unproved: 0, fault: null, standing: null });
    else io.say('there is no vault yet, so there is no audit trail');
    return;
  }
  const { checked, unproved, fault, standing } = verdict;
  const whole = fault === null && (standing === 'current' || standing === null);
  if (!whole) io.exitCode = EXIT_CODES.vault_damaged;
  if (io.json) {
    const named = fault && { ...fault, at: rfc3339(fault.at) };
    io.document({ whole, checked, unproved, fault: named, standing });
    return;
  }
  if (unproved > 0) {
    io.warn(`the first ${entries(unproved)} cannot be checked: the vault once lost its ledger`, 'yellow');
  }
  if (fault !== null) {
    const when = fault.at === null ? '' : ` (${rfc3339(fault.at)})`;
    io.warn(
      `entry ${fault.seq}${when} ${FAULTS[fault.kind]}; ${entries(checked)} before it passed the check`,
      'red',
    );
    io.warn('  hint: security.log has the same events; compare them from that entry on');
  }
  if (standing === 'rolled_back' || standing === 'cloned') {
    io.warn(OLDER[standing], 'red');
    io.warn(`  hint: ${command('doctor')}`);
  }
  if (whole) io.say(`${entries(checked)} checked: none was altered or removed`, 'green');
}
