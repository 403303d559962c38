import { readAccountNames } from '../config/account-names.js';
import { accountName } from '../domain/account.js';
import { type Finding, NotChecked, warning } from '../domain/finding.js';
import { command } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';
import type { HealthContext } from './contract.js';

/** Former names and default accounts in `config.json` that lead to no account, or to another than the user may expect. */
export async function unusedNames(ctx: HealthContext, text: string | null): Promise<readonly Finding[]> {
  const { aliases, defaults } = readAccountNames(text, ctx.paths.configFile);
  if (Object.keys(aliases).length + defaults.length === 0) return [];
  const there = await namesOf(ctx);
  if (there === null) return [];
  return [
    ...Object.entries(aliases).flatMap(([alias, name]) => {
      const remedy = command(`rename --remove-alias ${quoted(alias)}`);
      if (there.has(alias))
        return warning(`${alias} is an account again, so it no longer is a former name of ${name}`, remedy);
      if (there.has(name)) return [];
      return warning(`the former name ${alias} leads to ${name}, which is not in the vault`, remedy);
    }),
    ...defaults
      .filter((name) => !there.has(name) && !Object.hasOwn(aliases, name))
      .map((name) =>
        warning(
          `the default account ${name} is not in the vault`,
          command(`default --remove ${quoted(name)}`),
        ),
      ),
  ];
}

/** @returns null when the vault cannot be read, which another check reports */
async function namesOf(ctx: HealthContext): Promise<ReadonlySet<string> | null> {
  try {
    return new Set((await ctx.accounts()).map(accountName));
  } catch (failure) {
    if (failure instanceof NotChecked) return null;
    throw failure;
  }
}
