import { DAY } from '../domain/duration.js';
import { type Finding, fine, problem, skipped, warning } from '../domain/finding.js';
import { quoted } from '../domain/safe-text.js';
import type { Check, HealthContext } from './contract.js';

/** Options in NODE_OPTIONS that load other code or record traffic. */
const RISKY: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/^--inspect/, 'lets a debugger read every token in memory'],
  [
    /^(?:-r$|--require\b|--import\b|--(?:experimental-)?loader\b)/,
    'runs other code in every Node program, this one included',
  ],
  [/^--tls-keylog/, 'records the keys of encrypted connections'],
];

/** End of life of each release line. Source: github.com/nodejs/Release, schedule.json */
const LAST_DAYS: Readonly<Record<string, string>> = {
  20: '2026-04-30',
  22: '2027-04-30',
  24: '2028-04-30',
  26: '2029-04-30',
};

/** Whether this Node still gets security fixes, and variables that weaken it. */
export const node: Check = {
  name: 'node',
  title: 'Node',
  group: 'surroundings',
  async run(ctx) {
    const findings = [...age(ctx), ...certificates(ctx), ...options(ctx), ...authorities(ctx)];
    return findings.length > 0
      ? findings
      : [fine(`this is Node ${ctx.host.versions.node}, and no variable weakens it`)];
  },
};

function age({ host: { versions, ownNode }, clock }: HealthContext): Finding[] {
  const [line = ''] = versions.node.split('.');
  const lastDay = LAST_DAYS[line];
  if (lastDay === undefined || clock.now() < Date.parse(lastDay) + DAY) return [];
  const message = `this is Node ${versions.node}, and Node ${line} has had no security fixes since ${lastDay}`;
  const newer = ownNode ? 'token-vault, which brings its own Node' : 'one: https://nodejs.org/en/download';
  return [warning(message, `install a newer ${newer}`)];
}

function certificates({ host: { env } }: HealthContext): Finding[] {
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') return [];
  const message =
    'NODE_TLS_REJECT_UNAUTHORIZED=0 disables certificate checks in Node programs; vault ignores it, but programs that vault runs may not';
  return [problem('config_invalid', message, 'unset NODE_TLS_REJECT_UNAUTHORIZED')];
}

function options({ host: { env } }: HealthContext): Finding[] {
  const given = (env['NODE_OPTIONS'] ?? '').split(/[\s"']+/);
  return RISKY.flatMap(([pattern, why]) => {
    const option = given.find((word) => pattern.test(word))?.replace(/=.*$/s, '');
    return option === undefined
      ? []
      : [warning(`NODE_OPTIONS contains ${option}, which ${why}`, 'unset NODE_OPTIONS')];
  });
}

function authorities({ host: { env }, fs }: HealthContext): Finding[] {
  const path = env['NODE_EXTRA_CA_CERTS'] ?? '';
  if (path === '' || fs.may('read', path)) return [];
  const message = `NODE_EXTRA_CA_CERTS names ${path}, which cannot be read, so Node ignores it`;
  return [warning(message, 'unset NODE_EXTRA_CA_CERTS')];
}

const ORIGINS = {
  built: 'was built from source',
  downloaded: 'was downloaded',
  packaged: 'came with token-vault',
};

/** The native half of better-sqlite3: its origin, and whether it is the recorded one. */
export const addon: Check = {
  name: 'addon',
  title: 'native addon',
  group: 'surroundings',
  async run(ctx) {
    const found = await ctx.addon();
    if (found === null) return [skipped('the native addon of better-sqlite3 was not found')];
    const { addon, sha256, file, recorded } = found;
    const what = `the native addon (${addon.release}) ${ORIGINS[addon.origin]}`;
    if (recorded === null || recorded.release !== addon.release) {
      return [fine(`${what}; SHA-256 ${sha256}, to be recorded by the next login or refresh`)];
    }
    const when = recorded.recordedAt.slice(0, 10);
    if (recorded.sha256 === sha256) return [fine(`${what}; SHA-256 ${sha256}, as recorded on ${when}`)];
    const message = `${what} and has changed without an update: its SHA-256 was ${recorded.sha256} on ${when} and is ${sha256}`;
    const remedy = `if you rebuilt or reinstalled the addon yourself: rm ${quoted(file)}\notherwise reinstall token-vault`;
    return [warning(message, remedy)];
  },
};
