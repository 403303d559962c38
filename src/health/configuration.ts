import { parseConfigFile } from '../config/config-file.js';
import { parseEnvFile } from '../config/env-file.js';
import { VaultError } from '../domain/errors.js';
import { type Finding, fine, problem, problemOf } from '../domain/finding.js';
import type { Check, HealthDeps } from './contract.js';

const LIMIT = 1024 * 1024;

/** Whether `config.json` and `.env` can be read and understood: without them no provider is known. */
export const configuration: Check = {
  name: 'configuration',
  title: 'configuration',
  group: 'vault',
  async run(deps) {
    return [config(deps), environment(deps)];
  },
};

function config({ paths, files }: HealthDeps): Finding {
  const { configFile } = paths;
  return explained(() => {
    const text = files.read(configFile, LIMIT)?.toString('utf8') ?? null;
    parseConfigFile(text, configFile);
    return fine(
      text === null ? `there is no ${configFile}: everything is as built in` : `${configFile} is well formed`,
    );
  });
}

function environment({ envFile, envFileNamed, files, commands }: HealthDeps): Finding {
  return explained(() => {
    const text = files.read(envFile, LIMIT)?.toString('utf8') ?? null;
    if (text === null && envFileNamed) {
      const message = `the file given with --env-file does not exist: ${envFile}`;
      return problem('config_invalid', message, `ls -l ${commands.quoted(envFile)}`);
    }
    if (text === null) return fine(`there is no ${envFile}`);
    parseEnvFile(text, envFile);
    return fine(`${envFile} is well formed`);
  });
}

function explained(look: () => Finding): Finding {
  try {
    return look();
  } catch (failure) {
    if (failure instanceof VaultError) return problemOf(failure);
    throw failure;
  }
}
