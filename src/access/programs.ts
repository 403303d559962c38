import { childEnv } from '../domain/environment.js';
import type { Host } from '../system/contract.js';
import { type BoundedEnd, runBounded } from '../system/processes/child.js';

/** Runs another program in `/`, where other users cannot put files, without client secrets; its output is discarded. */
export function runProgram(
  { env, interruption }: Pick<Host, 'env' | 'interruption'>,
  program: string,
  args: readonly string[],
  { input, limit }: { readonly input: Uint8Array; readonly limit: number },
): Promise<BoundedEnd> {
  const options = { env: childEnv(env), cwd: '/', input, limit, capture: false, signal: interruption };
  return runBounded(program, args, options);
}
