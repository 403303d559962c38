import { join } from 'node:path';
import type { BackgroundState, HealthDeps } from '../../health/contract.js';
import type { AgentStatus } from '../agent/agent-contract.js';

export interface BackgroundDeps extends Pick<HealthDeps, 'look' | 'run'> {
  readonly agent: () => Promise<AgentStatus | null>;
  /** What stands in the files of a job of this vault. */
  readonly marks: { readonly refresh: string; readonly agent: string };
  /** Where the user's own services and timers may be. */
  readonly folders: readonly string[];
}

const FILE_LIMIT = 64 * 1024;

/** What keeps tokens fresh here while nobody is there: looked for, not asked to run. */
export async function backgroundState(deps: BackgroundDeps): Promise<BackgroundState> {
  const [agent, crontab] = await Promise.all([deps.agent(), deps.run('crontab', ['-l'])]);
  const lines = crontab?.exitCode === 0 ? crontab.stdout : '';
  const units = deps.folders.flatMap((folder) => unitsIn(folder, deps));
  const has = (mark: string) => units.some((text) => text.includes(mark));
  const inCrontab = lines.includes(deps.marks.refresh);
  const timer = has(deps.marks.refresh);
  const byHand = lines.split('\n').some((line) => /^[^#].*\brefresh\b.*--all\b/.test(line));
  return {
    jobIsSetUp: inCrontab || timer,
    helpers: [
      ...(agent === null ? [] : [`the agent runs (process ${agent.pid})`]),
      ...(inCrontab || byHand ? ['the crontab has a line that refreshes'] : []),
      ...(timer ? ['a timer is set up that refreshes'] : []),
      ...(agent === null && has(deps.marks.agent)
        ? ['a service is set up for the agent, which does not run now']
        : []),
    ],
  };
}

function unitsIn(folder: string, { look }: BackgroundDeps): string[] {
  const names = look.names(folder).filter((name) => name.includes('token-vault'));
  return names.flatMap((name) => {
    try {
      return look.read(join(folder, name), FILE_LIMIT)?.toString('utf8') ?? [];
    } catch {
      // One that cannot be read is not ours.
      return [];
    }
  });
}
