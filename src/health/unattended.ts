import { delimiter, isAbsolute, join } from 'node:path';
import { orElse } from '../domain/errors.js';
import { fine, problem, skipped } from '../domain/finding.js';
import { command } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';
import type { Check, HealthContext } from './contract.js';

const UNIT_LIMIT = 64 * 1024;

/** Whether anything refreshes tokens in the background. */
export const scheduler: Check = {
  name: 'scheduler',
  title: 'scheduler',
  group: 'accounts',
  async run(ctx) {
    const accounts = await ctx.accounts();
    if (accounts.length === 0) return [skipped('there are no accounts yet')];
    const { helpers } = await unattendedJobs(ctx);
    if (helpers.length > 0) return [fine(helpers.join('; '))];
    // An expired token is refreshed on demand, so this is no warning.
    return [skipped('nothing refreshes tokens in the background', command('schedule'))];
  },
};

/** Whether the notify command can be run. */
export const notify: Check = {
  name: 'notify',
  title: 'notify',
  group: 'surroundings',
  async run(ctx) {
    const { config } = await ctx.settings();
    const [program] = config.notify ?? [];
    if (program === undefined) return [skipped('no notify command is set')];
    const file = ctx.paths.configFile;
    const found = findProgram(program, ctx);
    if (found === null) {
      const message = `the notify command ${program} does not exist`;
      return [
        problem(
          'config_invalid',
          message,
          `correct notify in ${quoted(file)}: give the absolute path of the program`,
        ),
      ];
    }
    if (!ctx.fs.may('execute', found)) {
      const message = `the notify command ${found} cannot be run`;
      return [problem('config_invalid', message, `chmod u+x ${quoted(found)}`)];
    }
    return [fine(`${found} will be run`)];
  },
};

/** As a shell finds it, but without relative folders, which depend on the current folder. */
function findProgram(program: string, { host: { env }, fs }: HealthContext): string | null {
  const places = isAbsolute(program)
    ? [program]
    : program.includes('/')
      ? []
      : (env['PATH'] ?? '')
          .split(delimiter)
          .filter(isAbsolute)
          .map((folder) => join(folder, program));
  return places.find((path) => fs.real(path) !== null) ?? null;
}

interface UnattendedJobs {
  /** What refreshes tokens here: `the agent is running (process 4711)`. */
  readonly helpers: readonly string[];
  /** Whether a job of this program is installed for this vault. */
  readonly installed: boolean;
}

/** The agent, the crontab and the user's own units; none of them is started. */
export async function unattendedJobs(
  ctx: Pick<HealthContext, 'host' | 'fs' | 'run' | 'jobMarker' | 'agentPid'>,
): Promise<UnattendedJobs> {
  const [agent, crontab] = await Promise.all([ctx.agentPid(), ctx.run('crontab', ['-l'])]);
  const lines = crontab?.exitCode === 0 ? crontab.stdout : '';
  const { HOME: home = '/', XDG_CONFIG_HOME: config = join(home, '.config') } = ctx.host.env;
  const folders = [join(config, 'systemd', 'user'), join(home, 'Library', 'LaunchAgents')];
  const units = folders.flatMap((folder) => unitsIn(folder, ctx));
  const hasUnit = (purpose: 'refresh' | 'agent') =>
    units.some((text) => text.includes(ctx.jobMarker(purpose)));
  const inCrontab = lines.includes(ctx.jobMarker('refresh'));
  const timer = hasUnit('refresh');
  const byHand = lines.split('\n').some((line) => /^[^#].*\brefresh\b.*--all\b/.test(line));
  return {
    installed: inCrontab || timer,
    helpers: [
      ...(agent === null ? [] : [`the agent is running (process ${agent})`]),
      ...(inCrontab || byHand ? ['a line in the crontab refreshes tokens'] : []),
      ...(timer ? ['a timer refreshes tokens'] : []),
      ...(agent === null && hasUnit('agent') ? ['the agent is installed as a service and not running'] : []),
    ],
  };
}

function unitsIn(folder: string, { fs }: Pick<HealthContext, 'fs'>): string[] {
  const names = fs.names(folder).filter((name) => name.includes('token-vault'));
  // An unreadable file is not ours.
  return names.flatMap((name) =>
    orElse(() => fs.read(join(folder, name), UNIT_LIMIT)?.toString('utf8') ?? [], []),
  );
}
