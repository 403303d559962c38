import { describe, expect, it } from 'vitest';
import { completion, printInstalled, printRemoved } from '../../src/commands/completion.js';
import type { Io } from '../../src/ui/io.js';
import { type TerminalOptions, terminal } from '../doubles/terminal.js';
import { inputOf } from './raw.js';

function printed(print: (io: Io) => void, options: TerminalOptions = {}) {
  const { io, written } = terminal(options);
  print(io);
  return written;
}

describe('vault completion', () => {
  it.each([
    ['bash', { action: 'print', shell: 'bash', dryRun: false }],
    ['', { action: 'print', shell: null, dryRun: false }],
    ['--install', { action: 'install', shell: null, dryRun: false }],
    ['zsh --install --dry-run', { action: 'install', shell: 'zsh', dryRun: true }],
    ['fish --remove', { action: 'remove', shell: 'fish', dryRun: false }],
  ])('understands "%s"', async (line, input) => {
    expect(await inputOf(completion, line)).toEqual(input);
  });

  it.each([
    ['tcsh', 'no completion for shell tcsh; supported: bash, zsh, fish, powershell'],
    ['--install --remove', '--install and --remove contradict each other'],
    ['bash --dry-run', '--dry-run can be used only with --install or --remove'],
  ])('refuses "%s"', async (line, message) => {
    await expect(inputOf(completion, line)).rejects.toMatchObject({ code: 'usage', message });
  });

  it('prints what was written, what the shell needs, and how to undo it', () => {
    const file = '/home/ada/.local/share/zsh/site-functions/_vault';
    const change = { shell: 'zsh', file, changed: true } as const;
    expect(printed((io) => printInstalled(change, false, io))).toEqual({
      stdout: '',
      stderr: `wrote ${file}
it works in new terminals, once ~/.zshrc has these lines:
  fpath=(/home/ada/.local/share/zsh/site-functions $fpath)
  autoload -Uz compinit && compinit
undo: vault completion zsh --remove
`,
    });
    expect(printed((io) => printInstalled(change, true, io)).stderr).toBe(`would write ${file}\n`);
    const { stdout } = printed((io) => printInstalled(change, false, io), { json: true });
    expect(JSON.parse(stdout)).toEqual({ shell: 'zsh', file, installed: true, changed: true });
  });

  it('prints the line that PowerShell needs in its profile', () => {
    const change = { shell: 'powershell', file: null, changed: false } as const;
    expect(printed((io) => printInstalled(change, false, io)).stderr).toContain(
      '\n  vault completion powershell | Out-String | Invoke-Expression\n',
    );
    expect(printed((io) => printRemoved(change, false, io)).stderr).toContain('remove the line');
  });

  it('prints what was removed', () => {
    const change = { shell: 'fish', file: '/f', changed: true } as const;
    expect(printed((io) => printRemoved(change, false, io)).stderr).toBe('removed /f\n');
    expect(printed((io) => printRemoved(change, true, io)).stderr).toBe('would remove /f\n');
    const nothing = { ...change, changed: false };
    expect(printed((io) => printRemoved(nothing, false, io)).stderr).toBe(
      'the completion of vault for fish was not installed\n',
    );
  });
});
