import { VaultError } from '../domain/errors.js';
import { command, loginCommand } from '../domain/hints.js';
import { inQuotes } from '../domain/safe-text.js';
import { count } from '../domain/wording.js';
import type { Restored, RestorePlan } from '../services/backup/backup.js';
import { planRestore, restore as restoreBackup } from '../services/backup/restore.js';
import type { Io } from '../ui/io.js';
import type { Command } from './spec.js';
import { firstName, given } from './spec.js';

interface RestoreInput {
  readonly file: string;
  readonly yes: boolean;
}

export const restore: Command<RestoreInput> = {
  arguments: [
    { name: 'file', description: 'a file made by the backup command', required: true, values: 'file' },
  ],
  options: [{ flags: '--yes', description: 'do not ask' }],
  examples: {
    'restore vault.backup': 'asks first; the current vault is kept beside it',
    'restore vault.backup --yes': 'for scripts; vault refreshes nothing until you accept the restored vault',
  },
  ignoresLateSignal: true,

  parse(raw) {
    const file = firstName(raw, 'the file');
    if (file === null)
      throw new VaultError(
        'usage',
        `${command('restore')} takes the file that ${command('backup')} has made`,
      );
    return { file, yes: given(raw, '--yes') };
  },

  async run(ctx, input, io) {
    await confirmAndRestore(
      { plan: () => planRestore(ctx, input.file), restore: () => restoreBackup(ctx, input.file) },
      input,
      io,
    );
  },
};

/** Shows the plan, asks unless `--yes` was given, restores, and prints the result. */
export async function confirmAndRestore(
  steps: { plan(): Promise<RestorePlan>; restore(): Promise<Restored> },
  { file, yes }: RestoreInput,
  io: Io,
): Promise<void> {
  const plan = await steps.plan();
  if (!yes && plan.replaces !== null) await confirm(plan, plan.replaces, file, io);
  const restored = await steps.restore();
  if (io.json) {
    const { database, accounts, kept, standing, unopened } = restored;
    io.document({ database, accounts, kept, standing, opened: unopened === null });
  }
  printRestored(restored, io);
}

async function confirm(
  plan: RestorePlan,
  { database, accounts }: NonNullable<RestorePlan['replaces']>,
  file: string,
  io: Io,
): Promise<void> {
  if (!io.interactive) {
    throw new VaultError(
      'usage',
      `not interactive, and a vault already exists at ${database}: pass --yes to replace it`,
      {
        hint: `the old vault is kept beside the new one: ${command(`restore ${inQuotes(file)} --yes`)}`,
      },
    );
  }
  const there =
    accounts === null ? 'a vault that cannot be read' : `a vault with ${count(accounts, 'account')}`;
  if (plan.unopened !== null)
    io.warn(`the backup cannot be opened on this machine: ${plan.unopened.message}`, 'yellow');
  const question = `${database} is ${there}. Replace it with the backup of ${count(plan.accounts, 'account')}? The old one is kept beside it.`;
  if (!(await io.confirm(question)))
    throw new VaultError('interrupted', 'not confirmed, so nothing was changed');
}

const MOST_NAMED = 5;

function printRestored({ database, accounts, kept, standing, unopened, refs }: Restored, io: Io): void {
  if (unopened !== null)
    io.warn(`the restored vault cannot be opened on this machine yet: ${unopened.message}`, 'red');
  if (unopened !== null && kept !== null)
    io.warn(`hint: to undo the restore: ${command(`restore ${inQuotes(kept)} --yes`)}`);
  io.say(`restored ${count(accounts, 'account')} to ${database}`, unopened === null ? 'green' : undefined);
  if (kept !== null) io.say(`the old vault is kept as ${kept}`);
  if (standing === 'current') return;
  io.warn(
    'nothing is refreshed yet, because a refresh token in the backup may have been replaced since, or may be in use on another machine that still has this vault. Many providers treat an old refresh token as stolen, and end the whole grant.',
    'yellow',
  );
  if (unopened !== null) {
    io.warn(
      `hint: first restore its key, or make a new one with its recovery file: ${command('key import FILE')}`,
    );
  }
  const then = unopened === null ? '' : 'then, ';
  const accept = command('doctor --accept-rollback');
  io.warn(`hint: ${then}if no other machine uses this vault any more: ${accept}`);
  if (refs.length === 0) return;
  io.warn('hint: otherwise log in again to each account first, and then accept the vault:');
  for (const account of refs.slice(0, MOST_NAMED)) io.warn(`  ${loginCommand(account)}`);
  if (refs.length > MOST_NAMED)
    io.warn(`  and ${refs.length - MOST_NAMED} more; to list them: ${command('list')}`);
  io.warn(`  ${accept}`);
}
