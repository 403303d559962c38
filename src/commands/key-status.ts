import { relative, rfc3339 } from '../domain/time.js';
import { count } from '../domain/wording.js';
import type { KeyStatus } from '../services/contract.js';
import type { Io } from '../ui/io.js';
import { keyDocument } from './key-action.js';

export function statusDocument({ keys, dataKeys, unfinished, inUse, decidedBy }: KeyStatus) {
  return {
    keys: keys.map(keyDocument),
    data_keys: dataKeys.map(({ id, purpose, createdAt, replaced, accounts }) => ({
      id,
      purpose,
      created_at: rfc3339(createdAt),
      replaced,
      accounts,
    })),
    unfinished: unfinished.map(({ source, reference, since }) => ({
      source,
      reference,
      since: rfc3339(since),
    })),
    key_source: inUse,
    decided_by: decidedBy,
  };
}

/** What lies below the master keys, and what a run that was cut off has left. */
export function sayBeneath({ keys, dataKeys, unfinished }: KeyStatus, io: Io): void {
  const inUse = dataKeys.filter(({ replaced }) => !replaced);
  const old = dataKeys.filter(({ replaced }) => replaced);
  if (inUse.length > 0)
    io.say(`each of them opens the same ${count(inUse.length, 'data key')}, ${described(inUse, io)}`);
  if (old.length > 0) {
    io.warn(
      `unfinished: still there of what was replaced: ${count(old.length, 'data key')}, ${described(old, io)}`,
      'yellow',
    );
    io.warn('hint: vault key rotate --data');
  }
  for (const { source, reference, since } of unfinished) {
    const name = reference.replace(/^[0-9a-f]{32}\//, '');
    const when = relative(since, io.now());
    io.warn(
      `unfinished: ${name}, which nothing needs, may still be in the source ${source} (since ${when})`,
      'yellow',
    );
  }
  const kinds = [...new Set(unfinished.map(({ source }) => source))];
  for (const kind of kinds) {
    const action = keys.some(({ source }) => source === kind) ? 'rotate' : 'remove';
    io.warn(`hint: where that source works: vault key ${action} ${kind}`);
  }
}

/** How old they are, and how much is sealed under them. */
function described(dataKeys: KeyStatus['dataKeys'], io: Io): string {
  const newest = Math.max(...dataKeys.map(({ createdAt }) => createdAt));
  const made = `made ${relative(newest, io.now())}`;
  const accounts = dataKeys.map((each) => each.accounts).filter((number) => number !== null);
  return accounts.length === 0
    ? made
    : `${made}; ${count(Math.max(...accounts), 'account')} sealed under them`;
}
