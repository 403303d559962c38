import { dirname } from 'node:path';
import { SHELLS, type Shell } from '../complete/scripts.js';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { programName } from '../domain/invocation.js';
import { quoted } from '../domain/safe-text.js';
import {
  type CompletionChange,
  completionScript,
  installCompletion,
  removeCompletion,
  shellNotNamed,
  shellOf,
} from '../services/completion/install.js';
import type { Io } from '../ui/io.js';
import type { Command } from './spec.js';
import { firstName, given } from './spec.js';

interface CompletionInput {
  readonly action: 'print' | 'install' | 'remove';
  /** Null: the shell in use. */
  readonly shell: Shell | null;
  readonly dryRun: boolean;
}

export const completion: Command<CompletionInput> = {
  arguments: [{ name: 'shell', description: 'the shell', values: SHELLS }],
  options: [
    { flags: '--install', description: 'write the script to where your shell looks for it' },
    { flags: '--remove', description: 'remove what --install has written' },
    { flags: '--dry-run', description: 'with --install and --remove: show the file and change nothing' },
  ],
  examples: {
    'completion --install': 'install it for the shell in $SHELL',
    'completion bash': 'print the script',
  },

  parse(raw) {
    const word = firstName(raw, 'the name of the shell');
    const shell = SHELLS.find((each) => each === word) ?? null;
    if (word !== null && shell === null)
      throw new VaultError(
        'usage',
        `no completion for shell ${quoted(word)}; supported: ${SHELLS.join(', ')}`,
      );
    const [install, remove, dryRun] = ['--install', '--remove', '--dry-run'].map((flag) => given(raw, flag));
    if (install && remove) throw new VaultError('usage', '--install and --remove contradict each other');
    if (dryRun && !install && !remove)
      throw new VaultError('usage', '--dry-run can be used only with --install or --remove');
    return { action: install ? 'install' : remove ? 'remove' : 'print', shell, dryRun: dryRun === true };
  },

  async run(ctx, { action, shell: named, dryRun }, io) {
    if (action === 'print' && named === null) throw shellNotNamed(ctx.host);
    const shell = named ?? shellOf(ctx.host, action === 'remove' ? '--remove' : '--install');
    if (action === 'print') {
      const script = await completionScript(ctx, shell);
      if (io.json) io.document({ shell, script });
      else io.data(script);
    } else if (action === 'install') {
      printInstalled(await installCompletion(ctx, shell, dryRun), dryRun, io);
    } else {
      printRemoved(await removeCompletion(ctx, shell, dryRun), dryRun, io);
    }
  },
};

export function printInstalled(change: CompletionChange, dryRun: boolean, io: Io): void {
  const { shell, file, changed } = change;
  if (io.json) {
    io.document({ shell, file, installed: file !== null && !dryRun, changed });
    return;
  }
  if (file === null) {
    io.say(`${shell} reads completions from your profile; add this line to the file $PROFILE:`);
    io.say(`  ${command(`completion ${shell}`)} | Out-String | Invoke-Expression`);
    io.say('undo: remove that line');
    return;
  }
  if (dryRun) {
    io.say(changed ? `would write ${file}` : `${file} is up to date`);
    return;
  }
  io.say(changed ? `wrote ${file}` : `${file} was up to date`, 'green');
  for (const line of NEXT_STEPS[shell]?.(file) ?? []) io.say(line);
  io.say(`undo: ${command(`completion ${shell} --remove`)}`);
}

/** What a shell needs besides the file. */
const NEXT_STEPS: Partial<Record<Shell, (file: string) => readonly string[]>> = {
  bash: (file) => [
    'it works in new terminals, with the package bash-completion; without it, add this line to ~/.bashrc:',
    `  source ${quoted(file)}`,
  ],
  zsh: (file) => [
    'it works in new terminals, once ~/.zshrc has these lines:',
    `  fpath=(${quoted(dirname(file))} $fpath)`,
    '  autoload -Uz compinit && compinit',
  ],
  fish: () => ['it works in all terminals from now on'],
};

export function printRemoved({ shell, file, changed }: CompletionChange, dryRun: boolean, io: Io): void {
  if (io.json) io.document({ shell, file, removed: changed && !dryRun });
  else if (file === null) io.say(`for ${shell} nothing was written: remove the line from the file $PROFILE`);
  else if (!changed) io.say(`the completion of ${programName()} for ${shell} was not installed`);
  else io.say(dryRun ? `would remove ${file}` : `removed ${file}`);
}
