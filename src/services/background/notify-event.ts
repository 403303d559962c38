import { accountName } from '../../domain/account.js';
import { harmlessJson } from '../../domain/safe-text.js';
import type { Notice } from './notices.js';

/** What the user's notify command reads from its stdin. The names are an API: more may join, none of these leaves. */
export interface EventDocument {
  /** `test` when somebody tries the command out. */
  readonly event: Notice['event'] | 'test';
  readonly account: string;
  readonly provider: string;
  /** In words, for a person. */
  readonly reason: string;
  /** The command line that helps. */
  readonly hint: string;
  /** RFC 3339, as all times here. */
  readonly since: string;
  /** The end of the grant, for `grant_ending`; null otherwise. */
  readonly ends_at: string | null;
  /** Whether it was told before, and still is so. */
  readonly reminder: boolean;
  readonly profile: string | null;
  /** The folder of the vault. */
  readonly vault: string;
  readonly time: string;
}

/** As the command reads it: it may show the line on a terminal, or mail it, as it is. */
export function eventLine(document: EventDocument): string {
  return `${harmlessJson(JSON.stringify(document))}\n`;
}

/** Which vault an event is from. */
export interface Where {
  readonly profile: string | null;
  readonly place: string;
}

export function eventDocument(notice: Notice, reminder: boolean, now: number, where: Where): EventDocument {
  return {
    event: notice.event,
    account: accountName(notice.account),
    provider: notice.account.provider,
    reason: notice.reason,
    hint: inProfile(notice.hint, where),
    since: rfc3339(notice.since),
    ends_at: notice.endsAt === null ? null : rfc3339(notice.endsAt),
    reminder,
    profile: where.profile,
    vault: where.place,
    time: rfc3339(now),
  };
}

/** An event to try the command out with. */
export function testDocument(now: number, where: Where): EventDocument {
  return {
    event: 'test',
    account: 'example/account@example.com',
    provider: 'example',
    reason: 'somebody tries out the notify command',
    hint: inProfile('vault list', where),
    since: rfc3339(now),
    ends_at: null,
    reminder: false,
    profile: where.profile,
    vault: where.place,
    time: rfc3339(now),
  };
}

/** Who reads the event far away must not have to guess the profile. */
function inProfile(command: string, { profile }: Where): string {
  return profile === null ? command : command.replace(/^vault /, `vault --profile ${profile} `);
}

function rfc3339(time: number): string {
  return new Date(time).toISOString();
}
