import { orderLine } from '../../src/access/refresher-protocol.js';
import type { CliRun } from '../../test/harness/cli.js';
import type { Stage } from './stage.js';

/** Milliseconds after which nobody listens any more: what was printed may not have arrived. */
const PATIENCE = 10_000;
const SETUP = JSON.stringify({ profile: null, envFile: null, width: 1, settings: {} });

/** What a refresher process said before it ended. */
export interface Refreshed {
  readonly run: CliRun;
  /** The outcome it printed; null when it printed none. */
  readonly printed: string | null;
}

/** Runs a refresher process by itself, in the place of the command that would have asked it. */
export async function runRefresher(stage: Stage, under: readonly string[] = []): Promise<Refreshed> {
  const account = await stage.stored();
  const process = stage.start(['@refresher'], under);
  process.type(SETUP);
  process.type(orderLine({ account, policy: 'none', evenIfOpen: true }).trim());
  // It listens for as long as somebody could order more.
  process.child.stdout?.on('data', () => process.child.stdin?.end());
  const given = setTimeout(() => process.child.stdin?.end(), PATIENCE);
  const run = await process.done;
  clearTimeout(given);
  return { run, printed: /"kind":"(\w+)"/.exec(run.stdout)?.[1] ?? null };
}
