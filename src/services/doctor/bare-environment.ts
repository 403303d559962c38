import { isClientSetting } from '../../domain/environment.js';

/** A variable of a person's shell that matters to this program and is not there under cron. */
export interface LostVariable {
  readonly name: string;
  /** Whether it belongs before the command on the crontab line, or into `.env`. */
  readonly goesTo: 'crontab' | 'env_file';
}

type Env = Readonly<Record<string, string | undefined>>;

/**
 * All that cron gives a job (crontab(5)): no variable of the person's shell.
 *
 * @param user null where the system's list does not have them
 */
export function bareEnvironment(home: string, user: string | null): Readonly<Record<string, string>> {
  return {
    HOME: home,
    ...(user === null ? {} : { LOGNAME: user, USER: user }),
    PATH: '/usr/bin:/bin',
    SHELL: '/bin/sh',
  };
}

/** As in `GOOGLE_CLIENT_ID`: other programs have client ids of their own in the environment. */
function belongsTo(name: string, providers: readonly string[]): boolean {
  if (!isClientSetting(name)) return false;
  const prefixes = providers.map((provider) => `${provider.toUpperCase().replaceAll(/[.-]/g, '_')}_`);
  return name === 'OAUTH_REDIRECT_URI' || prefixes.some((prefix) => name.startsWith(prefix));
}

/**
 * @param carried what a scheduled job would be given of this shell
 * @param bare what it has by itself
 * @param providers the names of all providers
 * @param written names that stand in `.env`, which such a job reads as well
 */
export function lostVariables(
  env: Env,
  carried: Env,
  bare: Env,
  providers: readonly string[],
  written: readonly string[],
): readonly LostVariable[] {
  const crontab = Object.keys(carried).filter((name) => name !== 'PATH' && carried[name] !== bare[name]);
  const envFile = Object.keys(env).filter(
    (name) => belongsTo(name, providers) && env[name] !== '' && !written.includes(name),
  );
  return [
    ...crontab.map((name): LostVariable => ({ name, goesTo: 'crontab' })),
    ...envFile.sort().map((name): LostVariable => ({ name, goesTo: 'env_file' })),
  ];
}
