import { VaultError } from '../domain/errors.js';

/**
 * Options of Node that open a debugger, run other code in this process, or write what it holds to a file (`node --help`
 * and https://nodejs.org/api/cli.html, of later versions too).
 */
const OPENING = new RegExp(
  `^(?:-r|--(?:${[
    'inspect(?:-.+)?|debug-port',
    'require|import|loader|experimental-loader|experimental-policy',
    'snapshot-blob|build-snapshot(?:-.+)?|openssl-config|openssl-shared-config',
    // These hold further options, which stand nowhere else.
    'env-file(?:-.+)?|experimental-config-file|experimental-default-config-file',
    'tls-keylog|trace-tls|trace-event-.+|report-.+|diagnostic-dir',
    'heapsnapshot-.+|abort-on-uncaught-exception',
    'prof|(?:heap|cpu)-prof(?:-.+)?|ll-prof|perf-(?:.+-)?prof(?:-.+)?',
  ].join('|')}))$`,
);

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Refuses to run where Node itself has been told to give away what this process holds: its debugger is open to every
 * user of the machine, code that is loaded first sees every token, and `NODE_DEBUG` prints requests.
 *
 * @param execArgv the options that Node was started with
 * @throws VaultError `config_invalid`
 */
export function refuseOpenRuntime(env: Env, execArgv: readonly string[]): void {
  const debug = env['NODE_DEBUG'];
  if (debug !== undefined && debug !== '') {
    throw refused(
      'NODE_DEBUG is set, which prints what is sent and received, tokens too',
      'unset NODE_DEBUG',
    );
  }
  const fromEnv = wordsOf(env['NODE_OPTIONS'] ?? '').find(isOpening);
  if (fromEnv !== undefined) {
    const option = nameOf(fromEnv);
    throw refused(
      `NODE_OPTIONS holds ${option}, which can open what this program holds to others`,
      `unset NODE_OPTIONS, or take ${option} out of it`,
    );
  }
  const given = execArgv.find(isOpening);
  if (given === undefined) return;
  throw refused(
    `Node was started with ${nameOf(given)}, which can open what this program holds to others`,
    'start vault by its own name and not through node',
  );
}

/** What a person should know of an environment that is not obeyed; null when there is nothing. */
export function ignoredByUs(env: Env): string | null {
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') return null;
  return 'NODE_TLS_REJECT_UNAUTHORIZED=0 is not obeyed: certificates are always checked; name an authority of your own with NODE_EXTRA_CA_CERTS=/path/to/ca.pem';
}

function isOpening(word: string): boolean {
  return OPENING.test(nameOf(word));
}

/** As Node reads it: underscores count as dashes, and a value may follow behind `=`. */
function nameOf(word: string): string {
  return (word.split('=', 1)[0] ?? '').replace(/(?<=.)_/g, '-');
}

/** As Node reads NODE_OPTIONS: spaces separate, double quotes keep them and fall away, within them a backslash as well. */
function wordsOf(options: string): string[] {
  const words = options.match(/(?:"(?:\\.|[^"\\])*"?|[^\s"])+/gs) ?? [];
  return words.map((word) =>
    word.replace(/"((?:\\.|[^"\\])*)"?/gs, (_, kept: string) => kept.replace(/\\(.)/gs, '$1')),
  );
}

function refused(message: string, hint: string): VaultError {
  return new VaultError('config_invalid', message, { hint });
}
