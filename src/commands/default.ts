import { command } from '../domain/hints.js';
import {
  chooseDefault,
  type DefaultAccounts,
  defaultAccounts,
  removeDefault,
} from '../services/default-account.js';
import type { Io } from '../ui/io.js';
import type { Command } from './spec.js';
import { firstName, given } from './spec.js';

interface DefaultInput {
  readonly account: string | null;
  readonly remove: boolean;
}

export const defaultAccount: Command<DefaultInput> = {
  arguments: [
    { name: 'account', description: 'account name, provider, or unique prefix', values: 'account' },
  ],
  options: [
    { flags: '--remove', description: 'remove this default; without an account, remove all defaults' },
  ],
  examples: {
    'default google/work': 'use google/work when no account is named',
    default: 'print the default accounts',
    'default --remove': 'remove all defaults',
  },

  parse: (raw) => ({ account: firstName(raw, 'the name of the account'), remove: given(raw, '--remove') }),

  async run(ctx, { account, remove }, io) {
    if (remove) await removeDefault(ctx, account);
    else if (account !== null) {
      const name = await chooseDefault(ctx, account);
      const provider = name.slice(0, name.indexOf('/'));
      io.say(
        `${name} is the default account of ${command('token')} and ${command(`token ${provider}`)}`,
        'green',
      );
    }
    const changed = remove || account !== null;
    if (io.json || !changed) print(await defaultAccounts(ctx), io);
    else if (remove)
      io.say(
        account === null
          ? 'there is no default account any more'
          : `${account} is not a default account any more`,
      );
  },
};

function print({ accounts, fromEnvironment }: DefaultAccounts, io: Io): void {
  if (io.json) {
    io.document({ accounts, from_environment: fromEnvironment });
    return;
  }
  io.data(accounts.map((name) => `${name}\n`).join(''));
  if (fromEnvironment !== null)
    io.say(`VAULT_ACCOUNT names ${fromEnvironment}, which takes precedence over these`);
  else if (accounts.length === 0) io.say(`no default account; to choose one: ${command('default ACCOUNT')}`);
}
