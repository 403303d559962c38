import type { KeyStatus } from '../services/contract.js';
import type { Io } from '../ui/io.js';
import { relative, rfc3339 } from '../ui/time.js';
import { keyDocument } from './key-action.js';
import { count } from './words.js';

export function statusDocument({ keys, dataKeys, unfinished, inUse, decidedBy }: KeyStatus) {
  return {
    keys: keys.map(keyDocument),
    data_keys: dataKeys.map(({ id, purpose, createdAt }) => ({
      id,
      purpose,
      created_at: rfc3339(createdAt),
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
export function sayBeneath({ dataKeys, unfinished }: KeyStatus, io: Io): void {
  const newest = Math.max(...dataKeys.map(({ createdAt }) => createdAt));
  if (dataKeys.length > 0) {
    io.say(
      `each of them opens the same ${count(dataKeys.length, 'data key')}, made ${relative(newest, io.now())}`,
    );
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
  for (const kind of kinds) io.warn(`hint: vault key rotate ${kind}`);
}
