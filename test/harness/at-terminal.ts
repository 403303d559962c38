import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { VAULT_JS } from './cli.js';
import type { TempHome } from './temp-home.js';

/** A command at a real terminal, which script(1) makes. */
export interface TerminalRun {
  /** Resolves when what the terminal shows matches; what was matched before counts no more. */
  sees(pattern: RegExp): Promise<void>;
  type(keys: string): void;
  /** Resolves to the exit code and everything the terminal has shown. */
  readonly done: Promise<{ readonly exitCode: number | null; readonly shown: string }>;
}

/** Types `vault` and the words at a terminal, in an environment that holds nothing but the home's. */
export function atTerminal(
  args: readonly string[],
  home: TempHome,
  env: Readonly<Record<string, string>> = {},
): TerminalRun {
  return typeAtTerminal([process.execPath, VAULT_JS, ...args], {
    cwd: home.home,
    env: { ...home.env, ...env },
  });
}

/** Types any program and its arguments at a terminal. */
export function typeAtTerminal(
  words: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): TerminalRun {
  const line = words.map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qec', line, '/dev/null'], {
    cwd,
    env: { SHELL: '/bin/sh', TERM: 'xterm', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let shown = '';
  let seen = 0;
  let look = () => {};
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    look();
  });
  return {
    type: (keys) => void child.stdin.write(keys),
    sees: (pattern) =>
      new Promise((resolve, reject) => {
        const failed = () => reject(new Error(`the terminal never showed ${pattern}; it showed:\n${shown}`));
        child.once('close', failed);
        look = () => {
          const found = pattern.exec(shown.slice(seen));
          if (found === null) return;
          seen += found.index + found[0].length;
          child.off('close', failed);
          look = () => {};
          resolve();
        };
        look();
      }),
    done: ended(child).then((exitCode) => ({ exitCode, shown })),
  };
}

async function ended(child: ChildProcess): Promise<number | null> {
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return exitCode;
}
