import { join } from 'node:path';
import { fernetKey, openFernet } from '../crypto/fernet.js';
import { VaultError } from '../domain/errors.js';
import { Secret } from '../domain/secret.js';
import type { FoundLogin, Importer, Opening } from './contract.js';
import { iniSections } from './ini.js';
import {
  configFolder,
  contentOf,
  existing,
  type Members,
  notSuch,
  scopesOf,
  secretOf,
  textOf,
} from './reading.js';

/*
 * email-oauth2-proxy: a section for each address in `emailproxy.config`, or in the file of `--cache-store`. The tokens are Fernet
 * tokens, whose key is derived from the password that the mail client sends to the proxy.
 * https://github.com/simonrob/email-oauth2-proxy
 */
export const emailproxy: Importer = {
  find: (place) =>
    existing(
      place,
      [
        place.home,
        configFolder(place),
        join(place.home, 'email-oauth2-proxy'),
        join(configFolder(place), 'emailproxy'),
      ].map((folder) => join(folder, 'emailproxy.config')),
    ),

  async read(file, opening) {
    const sections = [...iniSections(contentOf(file, opening).toString('utf8'))];
    const accounts = sections.filter(([name, members]) => name.includes('@') && 'token_url' in members);
    if (accounts.length === 0) throw notSuch(file, 'a configuration of email-oauth2-proxy with accounts');
    const logins: FoundLogin[] = [];
    for (const [email, members] of accounts) logins.push(await loginOf(file, email, members, opening));
    return logins;
  },

  cleanUp: (file, { email }) => [
    `stop email-oauth2-proxy, and delete the lines token_salt, access_token and refresh_token of [${email}] in ${file}`,
    'mail clients that log in with a command need no proxy: see docs/mail.md',
  ],
};

async function loginOf(file: string, email: string, members: Members, opening: Opening): Promise<FoundLogin> {
  const sealed = textOf(members, 'refresh_token');
  const sealedSecret = textOf(members, 'client_secret_encrypted');
  const opened =
    sealed === null && sealedSecret === null
      ? []
      : await openAll([sealed, sealedSecret], file, email, members, opening);
  const [refreshToken = null, clientSecret = null] = opened;
  return {
    name: email,
    email,
    clientId: textOf(members, 'client_id'),
    clientSecret: clientSecret ?? secretOf(members, 'client_secret'),
    refreshToken,
    scopes: scopesOf(members, 'oauth2_scope'),
    server: {
      tokenEndpoint: textOf(members, 'token_url'),
      authorizationEndpoint: textOf(members, 'permission_url'),
      clientAuth: 'post',
    },
  };
}

/** Newer versions use more iterations than those that the file was made with. */
const ITERATIONS = [1_200_000, 870_000, 100_000];
const MOST_ITERATIONS = 10_000_000;

async function openAll(
  tokens: readonly (string | null)[],
  file: string,
  email: string,
  members: Members,
  opening: Opening,
): Promise<readonly (Secret | null)[]> {
  const password = (await opening.password(`password that the mail client sends for ${email}:`)).reveal();
  const salt = Buffer.from(textOf(members, 'token_salt') ?? '', 'base64');
  const stored = Number(textOf(members, 'token_iterations') ?? Number.NaN);
  const known = stored > 0 && stored <= MOST_ITERATIONS ? [stored, ...ITERATIONS] : ITERATIONS;
  for (const iterations of new Set(known)) {
    const key = fernetKey(password, salt, iterations);
    const opened = tokens.map((token) => (token === null ? null : openFernet(key, token)));
    key.fill(0);
    if (opened.some((bytes, index) => bytes === null && tokens[index] !== null)) continue;
    return opened.map((bytes) => (bytes === null ? null : new Secret(bytes.toString('utf8'))));
  }
  throw new VaultError(
    'usage',
    `the password does not open the tokens of ${email} in ${file}; nothing was changed`,
    {
      hint: 'type the password that the mail client sends to the proxy; it may differ from the password of the mailbox',
    },
  );
}
