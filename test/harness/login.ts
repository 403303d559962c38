import { type ConsentChoice, walkConsent } from '../../src/demo/consent-walk.js';
import { type CliOptions, type CliRun, startVault } from './cli.js';
import type { TempHome } from './temp-home.js';

/** What goes to the authorization URL in the person's stead. */
export type Walker = (authorizationUrl: string) => Promise<unknown>;

/** Walks the demo server's consent page. */
export function consenting(choice: ConsentChoice = {}): Walker {
  return (url) => walkConsent(url, choice);
}

/** `vault login` without a browser: takes the URL from stderr, walks it, waits for the end. */
export async function logIn(
  home: TempHome,
  args: readonly string[],
  walk: Walker,
  options: CliOptions = {},
): Promise<CliRun> {
  const command = startVault(['login', ...args, '--no-browser'], home, options);
  // A login that fails early ends without the line; what it said is then in the run.
  const url = await command.stderrLine(/^\s*https?:\/\/\S+[?&](?:state|request_uri)=/).catch(() => null);
  if (url !== null) await walk(url.trim());
  command.child.stdin?.end();
  return command.done;
}
