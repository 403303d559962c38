import { mkdirSync, rmSync } from 'node:fs';
import type { DemoEvent } from '../../src/demo/contract.js';
import type { Account } from '../../src/index.js';
import { openVault } from '../../src/index.js';
import { type CliProcess, type CliRun, startVault } from '../../test/harness/cli.js';
import { type DemoStage, openDemoStage, type StageOptions } from '../../test/harness/demo-stage.js';
import { quiet } from './processes.js';

/** Longer than any command may take, in milliseconds. */
const PATIENCE = 150_000;

/** A machine, a server and one account, for any number of rounds. */
export interface Stage extends DemoStage {
  /** The account's name. */
  readonly account: string;
  /** Starts a command whose end is waited for later. */
  start(args: readonly string[], under?: readonly string[]): CliProcess;
  /** Asks for a refresh whatever the clock says. */
  refreshNow(): Promise<CliRun>;
  /** The account as it is stored now, read through the library. */
  stored(): Promise<Account>;
  /** What happened at the server since the last time this was asked. */
  events(): readonly DemoEvent[];
  /** Empties the home: no vault, no key, as before the first login. */
  forget(): void;
  /** Ends everything; looks for no traces, since thousands of runs would take longer to search than to make. */
  leave(): Promise<void>;
}

/** A home without an account, where a trial begins with the login. */
export async function openEmptyStage(options: StageOptions = {}): Promise<Stage> {
  return stageOf(await openDemoStage(options), 'demo');
}

/** @throws Error when not even the login works */
export async function openStage(options: StageOptions = {}): Promise<Stage> {
  const demo = await openDemoStage(options);
  const run = await demo.logIn();
  if (run.exitCode !== 0) throw new Error(`the login failed: ${run.stderr}`);
  return stageOf(demo, run.stdout.trim());
}

function stageOf(base: DemoStage, account: string): Stage {
  let seen = 0;
  const stage: Stage = {
    ...base,
    account,
    start: (args, under = []) => startVault(args, base.home, { under, timeout: PATIENCE }),
    refreshNow: () => base.vault(['token', account, '--refresh']),
    async stored() {
      const vault = openVault({ home: base.home.vault });
      try {
        const [found] = (await vault.accounts()).filter(({ name }) => name.startsWith(account));
        if (found === undefined) throw new Error(`${account} is not in the vault`);
        return found;
      } finally {
        await vault.close();
      }
    },
    events() {
      const fresh = base.demo.log.slice(seen);
      seen = base.demo.log.length;
      return fresh;
    },
    forget() {
      const config = base.home.config();
      rmSync(base.home.vault, { recursive: true, force: true });
      mkdirSync(base.home.vault, { mode: 0o700 });
      base.home.configure(config);
    },
    async leave() {
      await base.demo.close();
      await quiet(base.home);
      base.home.remove();
    },
  };
  return stage;
}

/** How a command ended, for a report of what went wrong. */
export function told({ args, exitCode, signal, stderr }: CliRun): string {
  return `vault ${args.join(' ')} ended with ${exitCode ?? signal}: ${stderr.trim().replaceAll('\n', ' | ')}`;
}
