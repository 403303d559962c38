import { join } from 'node:path';
import { askingProcess } from '../../access/asking-process.js';
import type { Context } from '../../context.js';
import { accountName } from '../../domain/account.js';
import { orElse } from '../../domain/errors.js';
import type { ValidToken } from '../../domain/valid-token.js';

/* Which process was given which token last, for programs that run the helper again after a 401 without a word about it. */

const LIMIT = 32 * 1024;

export interface Runs {
  /** @param within milliseconds before now */
  wasGiven(valid: ValidToken, within: number): boolean;
  /** A helper answers even where this cannot be written. */
  note(valid: ValidToken): void;
}

export function runsOf(
  { clock, files, host, paths }: Pick<Context, 'clock' | 'files' | 'host' | 'paths'>,
  { tool, target }: { readonly tool: string; readonly target: string | null },
  byShell: boolean,
): Runs {
  const file = join(paths.state, 'helper-runs.log');
  const asker = askingProcess(host, byShell);
  // The end of a token tells it from the next one. One process may need the same token for several servers.
  const runOf = ({ account }: ValidToken) =>
    JSON.stringify([tool, target, accountName(account), asker, account.expiresAt]);
  return {
    wasGiven(valid, within) {
      const text = orElse(() => files.read(file, LIMIT)?.toString('utf8') ?? '', '');
      const since = clock.now() - within;
      const end = ` ${runOf(valid)}`;
      return text.split('\n').some((line) => line.endsWith(end) && Number.parseInt(line, 10) > since);
    },
    note(valid) {
      const line = `${clock.now()} ${runOf(valid)}\n`;
      orElse(() => files.append(file, Buffer.from(line, 'utf8'), LIMIT, 1), undefined);
    },
  };
}
