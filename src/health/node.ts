import { DAY } from '../domain/duration.js';
import { type Finding, fine, problem, warning } from '../domain/finding.js';
import type { Check, HealthDeps } from './contract.js';

/** What of NODE_OPTIONS lets other code into this process, or writes down what it sends. */
const RISKY: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/^--inspect/, 'lets a debugger read every token in memory'],
  [
    /^(?:-r$|--require\b|--import\b|--(?:experimental-)?loader\b)/,
    'runs other code in every Node program, this one included',
  ],
  [/^--tls-keylog/, 'writes down the keys of encrypted connections'],
];

/** The last day on which a line of Node gets repairs. Source: github.com/nodejs/Release, schedule.json */
const LAST_DAYS: Readonly<Record<string, string>> = {
  20: '2026-04-30',
  22: '2027-04-30',
  24: '2028-04-30',
  26: '2029-04-30',
};

/** Whether this Node still gets repairs, and variables that change how it behaves. */
export const node: Check = {
  name: 'node',
  title: 'Node',
  group: 'surroundings',
  async run(deps) {
    const findings = [...age(deps), ...certificates(deps), ...options(deps), ...authorities(deps)];
    return findings.length > 0
      ? findings
      : [fine(`this is Node ${deps.versions.node}, and no variable weakens it`)];
  },
};

function age({ versions, clock }: HealthDeps): Finding[] {
  const [line = ''] = versions.node.split('.');
  const lastDay = LAST_DAYS[line];
  if (lastDay === undefined || clock.now() < Date.parse(lastDay) + DAY) return [];
  const message = `this is Node ${versions.node}, and Node ${line} has had no security repairs since ${lastDay}`;
  return [warning(message, 'install a newer one: https://nodejs.org/en/download, then: vault doctor')];
}

function certificates({ env }: HealthDeps): Finding[] {
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') return [];
  const message =
    'NODE_TLS_REJECT_UNAUTHORIZED=0 turns off the check of certificates in Node programs; this one checks them all the same, those it runs do not';
  return [problem('config_invalid', message, 'unset NODE_TLS_REJECT_UNAUTHORIZED')];
}

function options({ env }: HealthDeps): Finding[] {
  const given = (env['NODE_OPTIONS'] ?? '').split(/[\s"']+/);
  return RISKY.flatMap(([pattern, why]) => {
    const option = given.find((word) => pattern.test(word))?.replace(/=.*$/s, '');
    return option === undefined
      ? []
      : [warning(`NODE_OPTIONS holds ${option}, which ${why}`, 'unset NODE_OPTIONS')];
  });
}

function authorities({ env, look }: HealthDeps): Finding[] {
  const path = env['NODE_EXTRA_CA_CERTS'] ?? '';
  if (path === '' || look.may('read', path)) return [];
  const message = `NODE_EXTRA_CA_CERTS names ${path}, which cannot be read, so Node goes on without it`;
  return [warning(message, 'unset NODE_EXTRA_CA_CERTS')];
}
