import { dirname, isAbsolute, join } from 'node:path';
import { isScript, SHELLS, type Shell, scriptPath } from '../../complete/scripts.js';
import type { Context } from '../../context.js';
import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { programName } from '../../domain/invocation.js';
import { quoted } from '../../domain/safe-text.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Larger than any of these scripts. */
const LIMIT = 64 * 1024;

export interface CompletionChange {
  readonly shell: Shell;
  /** Where the script is for this user; null for a shell that reads it from the user's own profile. */
  readonly file: string | null;
  /** Whether the file was written or removed, or would be. */
  readonly changed: boolean;
}

/** The script of a shell, for the name this program was started by. */
export async function completionScript(ctx: Pick<Context, 'readNamed'>, shell: Shell): Promise<string> {
  const text = await ctx.readNamed(scriptPath(shell, programName()), LIMIT);
  if (text !== null) return text.toString('utf8');
  throw new VaultError(
    'installation_broken',
    `the completion for ${shell} was not installed with this program`,
    {
      hint: 'in your clone: npm run build',
    },
  );
}

/** The shell of the environment; null for one without a completion. */
function knownShell({ env, platform }: Machine): Shell | null {
  const name = nameOfShell(env);
  const shell = name === 'pwsh' || (name === undefined && platform === 'win32') ? 'powershell' : name;
  return SHELLS.find((each) => each === shell) ?? null;
}

type Machine = Pick<Context['host'], 'env' | 'platform'>;

function nameOfShell(env: Environment): string | undefined {
  return env['SHELL']
    ?.split(/[\\/]/)
    .at(-1)
    ?.replace(/\.exe$/, '');
}

/** The shell of the environment. @param option that is for it @throws VaultError `usage` */
export function shellOf(host: Machine, option: '--install' | '--remove'): Shell {
  const known = knownShell(host);
  if (known !== null) return known;
  const name = nameOfShell(host.env);
  throw new VaultError(
    'usage',
    name === undefined
      ? 'SHELL is not set, so name the shell'
      : `there is no completion for the shell ${name}`,
    { hint: `supported shells: ${SHELLS.join(', ')}; for example: ${command(`completion bash ${option}`)}` },
  );
}

/** The error where no shell is named to print the script for. */
export function shellNotNamed(host: Machine): VaultError {
  return new VaultError('usage', `name a shell: ${SHELLS.join(', ')}`, {
    hint: `to install it: ${command(`completion${knownShell(host) === null ? ' bash' : ''} --install`)}`,
  });
}

/**
 * Writes the script to where the shell looks for it, unless it is there.
 *
 * @throws VaultError `config_invalid` when another program's file is there, `vault_permissions`, `vault_not_writable`
 */
export async function installCompletion(
  ctx: Pick<Context, 'host' | 'files' | 'readNamed'>,
  shell: Shell,
  dryRun: boolean,
): Promise<CompletionChange> {
  const file = placeOf(shell, ctx.host.env);
  if (file === null) return { shell, file, changed: false };
  const script = await completionScript(ctx, shell);
  const changed = (await ownScript(ctx, shell, file)) !== script;
  if (changed && !dryRun) {
    // An existing folder keeps its mode: `ensureFolder` would close it to others.
    if (!ctx.files.exists(dirname(file))) ctx.files.ensureFolder(dirname(file));
    ctx.files.replace(file, Buffer.from(script, 'utf8'));
  }
  return { shell, file, changed };
}

/** @throws VaultError as {@link installCompletion} */
export async function removeCompletion(
  ctx: Pick<Context, 'host' | 'files' | 'readNamed'>,
  shell: Shell,
  dryRun: boolean,
): Promise<CompletionChange> {
  const file = placeOf(shell, ctx.host.env);
  const changed = file !== null && (await ownScript(ctx, shell, file)) !== null;
  if (changed && !dryRun) ctx.files.remove(file);
  return { shell, file, changed };
}

async function ownScript(
  ctx: Pick<Context, 'files' | 'readNamed'>,
  shell: Shell,
  file: string,
): Promise<string | null> {
  if (!ctx.files.exists(file)) return null;
  const text = (await ctx.readNamed(file, LIMIT))?.toString('utf8') ?? '';
  if (isScript(text, shell, programName())) return text;
  throw new VaultError('config_invalid', `${file} is there and is not from this program`, {
    hint: `it was not changed; to rename it: mv ${quoted(file)} ${quoted(`${file}.mine`)}`,
  });
}

/**
 * Sources: the README of bash-completion, fish's "Where to put completions". zsh has no place for a user's own; this one is
 * where packages of a user put theirs.
 */
function placeOf(shell: Shell, env: Environment): string | null {
  const program = programName();
  const data = folder(env, 'XDG_DATA_HOME', '.local/share');
  switch (shell) {
    case 'bash': {
      const own = env['BASH_COMPLETION_USER_DIR'] ?? '';
      return join(isAbsolute(own) ? own : join(data, 'bash-completion'), 'completions', program);
    }
    case 'zsh':
      return join(data, 'zsh', 'site-functions', `_${program}`);
    case 'fish':
      return join(folder(env, 'XDG_CONFIG_HOME', '.config'), 'fish', 'completions', `${program}.fish`);
    default:
      return null;
  }
}

function folder(env: Environment, variable: string, below: string): string {
  const set = env[variable] ?? '';
  if (isAbsolute(set)) return set;
  const home = env['HOME'] ?? '';
  if (isAbsolute(home)) return join(home, below);
  throw new VaultError('config_invalid', 'there is no home folder to write the completion to', {
    hint: `print it instead: ${command('completion bash')}`,
  });
}
