import type { Context } from '../context.js';
import { command } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';
import { connectedBy } from '../services/connect/connections.js';
import type { Io } from '../ui/io.js';

/** Says which programs have names in their configuration that lead to no account any more, and how to take them out. */
export function warnStillConnected(
  ctx: Pick<Context, 'files' | 'paths'>,
  gone: readonly string[],
  io: Pick<Io, 'warn'>,
): void {
  for (const { tool, account, target } of connectedBy(ctx, gone)) {
    const words = [tool, account, ...(target === null ? [] : ['--for', target])].map(quoted).join(' ');
    io.warn(`${tool} still asks for ${account}, and gets no token`, 'yellow');
    io.warn(`hint: ${command(`connect ${words} --remove`)}`);
  }
}
