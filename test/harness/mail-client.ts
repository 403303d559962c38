import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { VAULT_JS } from './cli.js';
import type { TempHome } from './temp-home.js';

/** A user's shell, in which `vault` is this program, and mail clients keep their configuration. */
export interface Shell {
  readonly env: Readonly<Record<string, string>>;
  /** Writes a file below the home. @returns its path */
  file(name: string, content: string): string;
  /** Runs a command line to its end. */
  run(line: string, stdin?: string): Promise<{ readonly exitCode: number | null; readonly output: string }>;
}

/** Milliseconds; a client that asks for something on a terminal would wait for ever. */
const HANGS = 60_000;

export function shellOf(home: TempHome): Shell {
  const bin = join(home.home, 'bin');
  mkdirSync(bin, { recursive: true });
  const vault = join(bin, 'vault');
  writeFileSync(vault, `#!/bin/sh\nexec '${process.execPath}' '${VAULT_JS}' "$@"\n`);
  chmodSync(vault, 0o755);
  const env = { ...home.env, PATH: `${bin}:${process.env['PATH']}`, TERM: 'xterm' };
  return {
    env,
    file(name, content) {
      const path = join(home.home, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content, { mode: 0o600 });
      return path;
    },
    run(line, stdin = '') {
      const child = spawn('sh', ['-c', line], { cwd: home.home, env, timeout: HANGS });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8');
        stream.on('data', (chunk: string) => {
          output += chunk;
        });
      }
      // A client that ends before it reads its stdin is no failure of the test.
      child.stdin.on('error', () => undefined);
      child.stdin.end(stdin);
      return new Promise((resolve) => child.on('close', (exitCode) => resolve({ exitCode, output })));
    },
  };
}
