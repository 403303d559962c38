import { childEnv } from '../domain/environment.js';
import type { Host } from '../system/contract.js';
import { withAbsolutePath } from '../system/processes/child.js';
import { commandWords } from '../system/processes/command-words.js';

/** The user's editor: `$VISUAL`, else `$EDITOR`, else that of the system. No shell reads it. */
export function editorOf({ env, platform }: Pick<Host, 'env' | 'platform'>): {
  readonly command: readonly string[];
  readonly env: Host['env'];
} {
  const named = env['VISUAL'] || env['EDITOR'] || (platform === 'win32' ? 'notepad' : 'vi');
  return { command: commandWords(named), env: withAbsolutePath(childEnv(env)) };
}
