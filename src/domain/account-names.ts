/** Names of accounts that the user has chosen. An account that does not exist is no mistake: it may come back. */
export interface AccountNames {
  /** Former names, each with the present one. */
  readonly aliases: Readonly<Record<string, string>>;
  /** Accounts to take where only a provider or nothing is named, the first one first; at most one of each provider. */
  readonly defaults: readonly string[];
}

/** The present name of an account that is called by a former one; null when no account ever was. */
export function presentName({ aliases }: AccountNames, name: string): string | null {
  return Object.hasOwn(aliases, name) ? (aliases[name] ?? null) : null;
}

/** After an account was given another name. What led to the old one leads to the new one. */
export function renamed(names: AccountNames, from: string, to: string, keepsOld: boolean): AccountNames {
  const moved = (name: string) => (name === from ? to : name);
  const others = Object.entries(names.aliases).filter(([alias]) => alias !== to && alias !== from);
  const aliases = others.map(([alias, name]) => [alias, moved(name)] as const);
  return {
    aliases: Object.fromEntries(keepsOld ? [...aliases, [from, to]] : aliases),
    defaults: names.defaults.map(moved),
  };
}

export function withoutAlias(names: AccountNames, alias: string): AccountNames {
  const aliases = Object.entries(names.aliases).filter(([name]) => name !== alias);
  return { ...names, aliases: Object.fromEntries(aliases) };
}

/** After an account was removed: nothing leads to it, and its name leads to no other. */
export function withoutAccount(names: AccountNames, account: string): AccountNames {
  const aliases = Object.entries(names.aliases).filter((entry) => !entry.includes(account));
  const defaults = names.defaults.filter((name) => (presentName(names, name) ?? name) !== account);
  return { aliases: Object.fromEntries(aliases), defaults: defaults.filter((name) => name !== account) };
}

/** The account becomes the first choice, and the only one of its provider. */
export function withDefault(names: AccountNames, account: string): AccountNames {
  const provider = account.slice(0, account.indexOf('/') + 1);
  const others = names.defaults.filter((each) => !each.startsWith(provider));
  return { ...names, defaults: [account, ...others] };
}

/** @param account null removes all defaults */
export function withoutDefault(names: AccountNames, account: string | null): AccountNames {
  const defaults = account === null ? [] : names.defaults.filter((each) => each !== account);
  return { ...names, defaults };
}
