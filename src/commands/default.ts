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
  options: [{ flags: '--remove', description: 'this account, or none, is a default any more' }],
  examples: {
    'default google/work': 'what vault token and vault token google take, though there are others',
    default: 'print the default accounts',
    'default --remove': 'no account is a default any more',
  },

  parse: (raw) => ({ account: firstName(raw, 'the name of the account'), remove: given(raw, '--remove') }),

  async run(ctx, { account, remove }, io) {
    if (remove) await removeDefault(ctx, account);
    else if (account !== null) {
      const name = await chooseDefault(ctx, account);
      const provider = name.slice(0, name.indexOf('/'));
      io.say(
        `${name} is the default: ${command('token')} and ${command(`token ${provider}`)} take it`,
        'green',
      );
    }
    const changed = remove || account !== null;
    if (io.json || !changed) print(await defaultAccounts(ctx), io);
    else if (remove)
      io.say(account === null ? 'no account is a default now' : `${account} is no default now`);
  },
};

function print({ accounts, fromEnvironment }: DefaultAccounts, io: Io): void {
  if (io.json) {
    io.document({ accounts, from_environment: fromEnvironment });
    return;
  }
  io.data(accounts.map((name) => `${name}\n`).join(''));
  if (fromEnvironment !== null) io.say(`VAULT_ACCOUNT names ${fromEnvironment}, which is taken before these`);
  else if (accounts.length === 0) io.say(`no default account; to choose one: ${command('default ACCOUNT')}`);
}
