import { join } from 'node:path';
import { orElse, VaultError } from '../domain/errors.js';
import type { Consumer, HelperCall } from './contract.js';
import { connectedFor } from './hosts.js';
import { helperProgram } from './programs.js';
import { hostToConnect } from './registries.js';

/*
 * cargo's credential providers: https://doc.rust-lang.org/cargo/reference/credential-provider-protocol.html
 * One JSON document per line each way, until stdin ends. cargo 1.74 and newer.
 */

/** What cargo adds to the command. */
const ASKED = '--cargo-plugin';

const VERSION = 1;

export const cargo: Consumer = {
  programs: ['cargo'],
  helper: {
    verbs: [ASKED],
    async answer(call) {
      const print = (document: object) => call.print(`${JSON.stringify(document)}\n`);
      print({ v: [VERSION] });
      for await (const line of call.lines()) print(await answerTo(call, line));
    },
  },
  connect(request) {
    const { env, home } = request;
    const host = hostToConnect('cargo', request, {}, 'cargo.example.com');
    const folder = env['CARGO_HOME'] || join(home, '.cargo');
    const file = join(folder, 'config.toml');
    const program = join(folder, 'bin', 'cargo-credential-vault');
    return {
      target: host,
      changes: [
        // cargo gives a provider no argument but its own, so the words are in a program.
        helperProgram(request, program, ['cargo', '--']),
        {
          kind: 'lines',
          file,
          comment: '#',
          section: '[credential-alias]',
          lines: [`token-vault = [${JSON.stringify(program)}]`],
          shared: true,
        },
        {
          kind: 'lines',
          file,
          comment: '#',
          section: '[registry]',
          lines: [
            '# cargo asks the last one first, and the others for hosts that it has no token for.',
            'global-credential-providers = ["cargo:token", "token-vault"]',
          ],
          unless: /^[ \t]*(?:registry\.)?global-credential-providers\b.*/m,
          shared: true,
        },
      ],
      notes: ['a registry with a credential-provider of its own does not ask the vault'],
    };
  },
};

async function answerTo(call: HelperCall, line: string): Promise<object> {
  const request = requestIn(line);
  if (request.kind !== 'get') return { Err: { kind: 'operation-not-supported' } };
  const found = await connectedFor(call, request.url);
  // cargo then asks the providers that come before in its list.
  if (found === null) return { Err: { kind: 'url-not-supported' } };
  try {
    const { accessToken, account } = await call.token({ account: found.account });
    const token = `Bearer ${accessToken.reveal()}`;
    return { Ok: { kind: 'get', token, ...until(account.expiresAt), operation_independent: true } };
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    const { message, hint } = failure;
    return { Err: { kind: 'other', message: hint === undefined ? message : `${message}\nhint: ${hint}` } };
  }
}

/** cargo asks again when it has ended, or in its next run. */
function until(end: number | null): object {
  return end === null ? { cache: 'session' } : { cache: 'expires', expiration: Math.floor(end / 1000) };
}

function requestIn(line: string): { readonly kind: unknown; readonly url: string } {
  const request = orElse(() => JSON.parse(line), null);
  const url = request?.registry?.['index-url'];
  return { kind: request?.kind, url: typeof url === 'string' ? url : '' };
}
