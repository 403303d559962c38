import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { HANGS } from './parts.js';

/** Runs another program to its end, without stdin. */
export async function runTool(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<{ readonly exitCode: number | null; readonly text: string }> {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'], timeout: HANGS });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (text += part));
  const [exitCode] = await once(child, 'close');
  return { exitCode, text };
}
