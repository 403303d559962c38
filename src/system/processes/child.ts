import { spawn } from 'node:child_process';
import { constants } from 'node:os';

export interface ChildResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end without a shell, its input empty and its output captured.
 *
 * @param env the whole environment of the program
 * @param onStderrLine called as each line arrives, without its line break
 * @returns exit code 128 + n when signal n ended it, as shells count; rejects when the program cannot be started
 */
export function runChild(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  onStderrLine?: (line: string) => void,
): Promise<ChildResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    let unfinished = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      const lines = (unfinished + text).split('\n');
      unfinished = lines.pop() ?? '';
      for (const line of lines) onStderrLine?.(line);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (unfinished !== '') onStderrLine?.(unfinished);
      resolve({ exitCode: code ?? 128 + (signal === null ? 0 : constants.signals[signal]), stdout, stderr });
    });
  });
}
