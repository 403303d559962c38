import { exposingOption, exposingVariable, printsRequests, tlsIgnored } from './runtime-refusals.js';

/**
 * Options of Node that open a debugger, run other code in this process, or write its memory or traffic to a file
 * (https://nodejs.org/api/cli.html, later versions included).
 */
const OPENING = new RegExp(
  `^(?:-r|--(?:${[
    'inspect(?:-.+)?|debug-port',
    'require|import|loader|experimental-loader|experimental-policy',
    'snapshot-blob|build-snapshot(?:-.+)?|openssl-config|openssl-shared-config',
    // Files with further options.
    'env-file(?:-.+)?|experimental-config-file|experimental-default-config-file',
    'tls-keylog|trace-tls|trace-event-.+|report-.+|diagnostic-dir',
    'heapsnapshot-.+|abort-on-uncaught-exception',
    'prof|(?:heap|cpu)-prof(?:-.+)?|ll-prof|perf-(?:.+-)?prof(?:-.+)?',
  ].join('|')}))$`,
);

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Refuses to run where Node is set to expose this process: every user of the machine can connect to the debugger,
 * preloaded code sees every token, and `NODE_DEBUG` prints requests.
 *
 * @throws VaultError `config_invalid`
 */
export function assertNoDebugger(env: Env, execArgv: readonly string[]): void {
  const debug = env['NODE_DEBUG'];
  if (debug !== undefined && debug !== '') throw printsRequests();
  const fromEnv = wordsOf(env['NODE_OPTIONS'] ?? '').find(isOpening);
  if (fromEnv !== undefined) throw exposingVariable(nameOf(fromEnv));
  const given = execArgv.find(isOpening);
  if (given !== undefined) throw exposingOption(nameOf(given));
}

/** A warning about a variable that is ignored; null when there is none. */
export function ignoredVariable(env: Env): string | null {
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') return null;
  return tlsIgnored();
}

function isOpening(word: string): boolean {
  return OPENING.test(nameOf(word));
}

/** As in Node, underscores count as dashes and a value may follow `=`. */
function nameOf(word: string): string {
  return (word.split('=', 1)[0] ?? '').replace(/(?<=.)_/g, '-');
}

/** As Node splits NODE_OPTIONS: at spaces outside double quotes; a backslash escapes inside them. */
function wordsOf(options: string): string[] {
  const words = options.match(/(?:"(?:\\.|[^"\\])*"?|[^\s"])+/gs) ?? [];
  return words.map((word) =>
    word.replace(/"((?:\\.|[^"\\])*)"?/gs, (_, kept: string) => kept.replace(/\\(.)/gs, '$1')),
  );
}
