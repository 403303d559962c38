import { parseConfigFile } from '../config/config-file.js';
import { parseEnvFile } from '../config/env-file.js';
import { misspeltVariables } from '../config/misspelt.js';
import { providerNames } from '../config/settings.js';
import { VaultError } from '../domain/errors.js';
import { type Finding, fine, NotChecked, orProblem, problem, warning } from '../domain/finding.js';
import { command } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';
import type { Check, HealthContext } from './contract.js';
import { unusedNames } from './names.js';

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

async function misspelt(ctx: HealthContext): Promise<readonly Finding[]> {
  try {
    const settings = await ctx.settings();
    return misspeltVariables(Object.keys(settings.envFile), providerNames(settings)).map(({ name, meant }) =>
      meant === null
        ? warning(`${ctx.envFile} sets ${name}, and there is no such provider`, command('providers'))
        : warning(`${ctx.envFile} sets ${name}, which nothing reads`, `did you mean ${meant}?`),
    );
  } catch (failure) {
    // What is wrong with the two files is found above.
    if (failure instanceof NotChecked) return [];
    throw failure;
  }
}
