import { basename, dirname, join } from 'node:path';
import { type Finding, fine, problem, skipped, warning } from '../domain/finding.js';
import type { Check, HealthDeps } from './contract.js';

/** A program that the repository itself names must not run because of a look. */
const CAREFULLY = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null'];

interface Guarded {
  readonly path: string;
  readonly what: string;
  /** Whether it can be read without a key. */
  readonly plain: boolean;
}

/** Files with secrets that git would commit. */
export const git: Check = {
  name: 'git',
  title: 'git',
  group: 'surroundings',
  async run(deps) {
    const inside = (await guarded(deps)).filter(
      ({ path }) => deps.look.at(path) !== null && isBelowGit(path, deps),
    );
    if (inside.length === 0) return [fine('no file of the vault lies in a git work tree')];
    const findings = await Promise.all(inside.map((file) => look(file, deps)));
    const told = findings.flat();
    return told.length > 0 ? told : [fine('git ignores every file of the vault')];
  },
};

async function guarded({ envFile, paths, keySources }: HealthDeps): Promise<readonly Guarded[]> {
  const sources = await keySources().catch(() => []);
  const keys = new Set([paths.keyFile, ...sources.flatMap(({ source }) => source.path ?? [])]);
  return [
    { path: envFile, what: 'client secrets', plain: true },
    ...[...keys].map((path) => ({ path, what: 'the master key', plain: true })),
    { path: paths.configFile, what: 'settings, and maybe client secrets', plain: true },
    { path: paths.database, what: 'the sealed tokens', plain: false },
  ];
}

/** Most vaults lie in no work tree, and then git need not be asked. */
function isBelowGit(path: string, { look }: HealthDeps): boolean {
  for (let folder = look.real(dirname(path)) ?? dirname(path); ; folder = dirname(folder)) {
    if (look.at(join(folder, '.git')) !== null) return true;
    if (folder === dirname(folder)) return false;
  }
}

async function look({ path, what, plain }: Guarded, deps: HealthDeps): Promise<Finding[]> {
  const folder = dirname(path);
  const ask = (...args: string[]) => deps.run('git', [...CAREFULLY, '-C', folder, ...args]);
  const tracked = await ask('ls-files', '--error-unmatch', '--', basename(path));
  if (tracked === null) return [skipped(`git could not be asked about ${path}`)];
  const quoted = deps.commands.quoted;
  const told = (message: string, remedy: string) =>
    plain ? problem('config_invalid', message, remedy) : warning(message, remedy);
  const ignore = `echo ${quoted(`/${basename(path)}`)} >> ${quoted(join(folder, '.gitignore'))}`;
  if (tracked.exitCode === 0) {
    const remedy = `git -C ${quoted(folder)} rm --cached ${quoted(basename(path))} && ${ignore}`;
    return [told(`${path} holds ${what}, and git keeps it already`, remedy)];
  }
  const ignored = await ask('check-ignore', '--quiet', '--', basename(path));
  if (ignored === null || ignored.exitCode > 1) return [skipped(`git could not be asked about ${path}`)];
  if (ignored.exitCode === 0) return [];
  return [told(`${path} holds ${what}, and git would commit it`, ignore)];
}
