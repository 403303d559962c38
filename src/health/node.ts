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

/** Variables that change how Node itself behaves. */
export const node: Check = {
  name: 'node',
  title: 'Node',
  group: 'surroundings',
  async run(deps) {
    const findings = [...certificates(deps), ...options(deps), ...authorities(deps)];
    return findings.length > 0 ? findings : [fine('no variable weakens it')];
  },
};

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
