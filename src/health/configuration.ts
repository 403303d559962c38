import { readAccountNames } from '../config/account-names.js';
import { parseConfigFile } from '../config/config-file.js';
import { parseEnvFile } from '../config/env-file.js';
import { misspeltVariables } from '../config/misspelt.js';
import { providerNames } from '../config/settings.js';
import { accountName } from '../domain/account.js';
import { VaultError } from '../domain/errors.js';
import { type Finding, fine, NotChecked, orProblem, problem, warning } from '../domain/finding.js';
import { command } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';
import type { Check, HealthContext } from './contract.js';

const LIMIT = 1024 * 1024;

/** Whether `config.json` and `.env` are readable and valid. */
export const configuration: Check = {
  name: 'configuration',
  title: 'configuration',
  group: 'vault',
  async run(ctx) {
    return [config(ctx), environment(ctx), ...(await misspelt(ctx)), ...(await names(ctx))];
  },
};

function config({ paths, files }: HealthContext): Finding {
  const { configFile } = paths;
  return orProblem(() => {
    const text = files.read(configFile, LIMIT)?.toString('utf8') ?? null;
    parseConfigFile(text, configFile);
    return fine(text === null ? `there is no ${configFile}: the defaults apply` : `${configFile} is valid`);
  });
}

function environment({ envFile, envFileNamed, files }: HealthContext): Finding {
  return orProblem(() => {
    const text = files.read(envFile, LIMIT)?.toString('utf8') ?? null;
    if (text === null && envFileNamed) {
      const message = `the file given with --settings does not exist: ${envFile}`;
      return problem('config_invalid', message, `ls -l ${quoted(envFile)}`);
    }
    if (text === null) return fine(`there is no ${envFile}`);
    parseEnvFile(text, envFile);
    return fine(`${envFile} is valid`);
  });
}

async function names(ctx: HealthContext): Promise<readonly Finding[]> {
  const found = orProblem(() => ctx.files.read(ctx.paths.configFile, LIMIT)?.toString('utf8') ?? null);
  // What is wrong with the file is found above.
  if (found !== null && typeof found !== 'string') return [];
  return unusedNames(ctx, found).catch((failure: unknown) => {
    if (failure instanceof VaultError) return [];
    throw failure;
  });
}

/** Former names and default accounts in `config.json` that lead to no account, or to another than the user may expect. */
async function unusedNames(ctx: HealthContext, text: string | null): Promise<readonly Finding[]> {
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

async function misspelt(ctx: HealthContext): Promise<readonly Finding[]> {
  try {
    const settings = await ctx.settings();
    return misspeltVariables(Object.keys(settings.envFile), providerNames(settings)).map(({ name, meant }) =>
      meant === null
        ? warning(`${ctx.envFile} sets ${name}, and there is no such provider`, command('providers'))
        : warning(`${ctx.envFile} sets ${name}, which vault does not read`, `did you mean ${meant}?`),
    );
  } catch (failure) {
    // What is wrong with the two files is found above.
    if (failure instanceof NotChecked) return [];
    throw failure;
  }
}
