import { accountName } from '../domain/account.js';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';
import { type RenamedAccount, type RenameRequest, removeAlias, renameAccount } from '../services/rename.js';
import type { Io } from '../ui/io.js';
import type { Command } from './spec.js';
import { denied, names, text } from './spec.js';
import { warnStillConnected } from './still-connected.js';

type RenameInput = RenameRequest | { readonly alias: string };

export const rename: Command<RenameInput> = {
  arguments: [
    { name: 'account', description: 'account name, provider, or unique prefix', values: 'account' },
    { name: 'name', description: 'the new name, with or without the provider' },
  ],
  options: [
    { flags: '--no-alias', description: 'do not keep the old name as well' },
    { flags: '--remove-alias <name>', description: 'remove a name that was kept' },
  ],
  examples: {
    'rename google/alice@example.com work': 'google/work; the old name still works',
    'rename --remove-alias google/alice@example.com': 'the old name no longer works',
  },

  parse(raw) {
    const alias = text(raw, '--remove-alias');
    const [selector, to] = names(raw, 'a name');
    if (alias !== null) {
      if (selector === undefined && !denied(raw, '--no-alias')) return { alias };
      throw new VaultError('usage', '--remove-alias takes one name and nothing else');
    }
    if (selector === undefined || to === undefined)
      throw new VaultError('usage', 'rename takes an account and its new name', {
        hint: command('rename ACCOUNT NAME'),
      });
    return { selector, to, keepsOld: !denied(raw, '--no-alias') };
  },

  async run(ctx, input, io) {
    if (!('alias' in input)) {
      const renamed = await renameAccount(ctx, input);
      printRenamed(renamed, input.keepsOld, io);
      if (!input.keepsOld && renamed.from !== accountName(renamed.account))
        warnStillConnected(ctx, [renamed.from], io);
      return;
    }
    const { isName } = await removeAlias(ctx, input.alias);
    if (io.json) io.document({ removed_alias: input.alias });
    else if (isName) io.say(`${input.alias} now is only the account of that name`);
    else io.say(`${input.alias} no longer names an account`);
    if (!isName) warnStillConnected(ctx, [input.alias], io);
  },
};

function printRenamed({ account, from }: RenamedAccount, keepsOld: boolean, io: Io): void {
  const name = accountName(account);
  const changed = name !== from;
  if (io.json) {
    io.document({ account: name, renamed_from: from, alias: changed && keepsOld ? from : null });
    return;
  }
  if (changed) io.say(`renamed ${from} to ${name}`, 'green');
  else io.say(`the account is already named ${name}`);
  if (changed && keepsOld)
    io.say(
      `the old name ${from} still works; to remove it: ${command(`rename --remove-alias ${quoted(from)}`)}`,
    );
}
