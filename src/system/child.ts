import { spawn } from 'node:child_process';

export interface ChildResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end without a shell, its input empty and its output captured.
 *
 * @param onStderrLine called as each line arrives
 * @returns exit code 128 + n when a signal ended it, as shells count
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
      if (onStderrLine !== undefined) lines.forEach(onStderrLine);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({ exitCode: code ?? 128 + (signal === 'SIGINT' ? 2 : 15), stdout, stderr });
    });
  });
}
