import { basename, dirname, join } from 'node:path';
import { type Finding, fine, problem, skipped, warning } from '../domain/finding.js';
import { quoted } from '../domain/safe-text.js';
import type { Check, HealthContext } from './contract.js';

/** The repository's configuration must not start a program. */
const SAFE_OPTIONS = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null'];

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
  async run(ctx) {
    const inside = (await guarded(ctx)).filter(
      ({ path }) => ctx.fs.info(path) !== null && isBelowGit(path, ctx),
    );
    if (inside.length === 0) return [fine('no file of the vault is in a git work tree')];
    const findings = await Promise.all(inside.map((file) => checkFile(file, ctx)));
    const found = findings.flat();
    return found.length > 0 ? found : [fine('git ignores every file of the vault')];
  },
};

async function guarded({ envFile, paths, keySources }: HealthContext): Promise<readonly Guarded[]> {
  const sources = await keySources().catch(() => []);
  const keys = new Set([paths.keyFile, ...sources.flatMap(({ source }) => source.path ?? [])]);
  return [
    { path: envFile, what: 'client secrets', plain: true },
    ...[...keys].map((path) => ({ path, what: 'the master key', plain: true })),
    { path: paths.configFile, what: 'settings and possibly client secrets', plain: true },
    { path: paths.database, what: 'the sealed tokens', plain: false },
  ];
}

/** Outside of work trees git is not run. */
function isBelowGit(path: string, { fs }: HealthContext): boolean {
  for (let folder = fs.real(dirname(path)) ?? dirname(path); ; folder = dirname(folder)) {
    if (fs.info(join(folder, '.git')) !== null) return true;
    if (folder === dirname(folder)) return false;
  }
}

async function checkFile({ path, what, plain }: Guarded, ctx: HealthContext): Promise<Finding[]> {
  const folder = dirname(path);
  const ask = (...args: string[]) => ctx.run('git', [...SAFE_OPTIONS, '-C', folder, ...args]);
  const tracked = await ask('ls-files', '--error-unmatch', '--', basename(path));
  if (tracked === null) return [skipped(`git did not answer about ${path}`)];
  const exposed = (message: string, remedy: string) =>
    plain ? problem('config_invalid', message, remedy) : warning(message, remedy);
  const ignore = `echo ${quoted(`/${basename(path)}`)} >> ${quoted(join(folder, '.gitignore'))}`;
  if (tracked.exitCode === 0) {
    const remedy = `git -C ${quoted(folder)} rm --cached ${quoted(basename(path))} && ${ignore}`;
    return [exposed(`${path} contains ${what} and is in git`, remedy)];
  }
  const ignored = await ask('check-ignore', '--quiet', '--', basename(path));
  if (ignored === null || ignored.exitCode > 1) return [skipped(`git did not answer about ${path}`)];
  if (ignored.exitCode === 0) return [];
  return [exposed(`${path} contains ${what} and git would commit it`, ignore)];
}
