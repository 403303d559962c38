import { join } from 'node:path';
import { VaultError } from '../domain/errors.js';
import { programName } from '../domain/invocation.js';
import type { Connected, Consumer, HelperCall } from './contract.js';
import { connectedFor, hostOf } from './hosts.js';
import { hostToConnect } from './registries.js';

/*
 * GOAUTH of Go 1.24 and newer: `go help goauth`. go asks first for all hosts at once, and after a 4xx for one URL, with the
 * server's answer on stdin.
 */

const ASKED = 'get';

export const go: Consumer = {
  programs: ['go'],
  helper: {
    verbs: [ASKED],
    remembers: true,
    async answer(call) {
      const [url] = call.words;
      if (url === undefined) return all(call);
      const found = await connectedFor(call, url);
      // Without an answer go asks the next command of GOAUTH.
      if (found === null) return;
      // A proxy answers 404 for every module that it does not have.
      const refused = /^HTTP\/\S+ 401\b/.test(await firstLine(call)) ? 'given' : null;
      call.print(await headers(call, found, refused));
    },
  },
  connect(request) {
    const { self, env } = request;
    const host = hostToConnect('go', request, {}, 'go.example.com');
    const words = [...self, 'helper', 'go', ASKED].map(asWord);
    return {
      target: host,
      changes: [
        {
          kind: 'lines',
          file: env['GOENV'] || join(settingsFolder(request), 'go', 'env'),
          comment: '#',
          // netrc is what go does without the variable.
          lines: [`GOAUTH=${words.join(' ')}; netrc`],
          unless: /^GOAUTH=.*/m,
          shared: true,
        },
      ],
      notes: [
        `go asks its proxy first; to fetch modules of ${host} directly: go env -w GOPRIVATE=${host}`,
        ...(env['GOAUTH'] ? ['the variable GOAUTH is set in your shell and comes first: unset it'] : []),
      ],
    };
  },
};

/** One account that fails must not take the token of another. */
async function all(call: HelperCall): Promise<void> {
  const failures: VaultError[] = [];
  let text = '';
  for (const each of await call.connected()) {
    try {
      text += await headers(call, each, null);
    } catch (failure) {
      if (!(failure instanceof VaultError)) throw failure;
      failures.push(failure);
    }
  }
  const [first] = failures;
  if (text === '' && first !== undefined) throw first;
  for (const { message } of failures) call.say(`${programName()}: ${message}`);
  call.print(text);
}

async function headers(
  call: HelperCall,
  { account, target }: Connected,
  refused: 'given' | null,
): Promise<string> {
  const host = hostOf(target);
  if (host === null) return '';
  const { accessToken } = await call.token({ account, refused });
  return `https://${host}\n\nAuthorization: Bearer ${accessToken.reveal()}\n\n`;
}

async function firstLine(call: HelperCall): Promise<string> {
  for await (const line of call.lines()) return line;
  return '';
}

/** In quotes as go reads them: there is no character that escapes another. */
function asWord(word: string): string {
  return /^[^\s'"]+$/.test(word) ? word : word.includes("'") ? `"${word}"` : `'${word}'`;
}

/** As Go's os.UserConfigDir. */
function settingsFolder({ platform, env, home }: Parameters<Consumer['connect']>[0]): string {
  if (platform === 'darwin') return join(home, 'Library', 'Application Support');
  if (platform === 'win32') return env['AppData'] ?? env['APPDATA'] ?? home;
  return env['XDG_CONFIG_HOME'] || join(home, '.config');
}
