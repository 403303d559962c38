import { openChacha } from '../crypto/chacha.js';
import { Secret } from '../domain/secret.js';
import type { FoundLogin, Importer } from './contract.js';
import { contentOf, deleteFile, notSuch } from './reading.js';

/*
 * `pizauth dump`, version 1: a nonce and ChaCha20-Poly1305 under a constant that is in pizauth's source, so that a dump is not read
 * by accident; inside, little-endian lengths, and one byte or four for a choice. It is read to its last byte, or not at all.
 * https://github.com/ltratt/pizauth
 */
const KEY = Buffer.from('66a247a85e48cfecaaed9b36eba97d5350d428637509' + '7a44eeffb9c4546b65a3', 'hex');
const VERSION = 1;

export const pizauth: Importer = {
  find: () => [],

  async read(file, opening) {
    const plain = openChacha(KEY, contentOf(file, opening));
    const logins = plain === null ? null : accountsIn(plain);
    plain?.fill(0);
    if (logins === null)
      throw notSuch(
        file,
        'a pizauth dump in a format that vault can read',
        'make it with: pizauth dump > FILE',
      );
    return logins;
  },

  cleanUp: (file, { name }) => [
    `remove the account "${name}" from ~/.config/pizauth.conf, then end pizauth:`,
    'pizauth shutdown',
    ...deleteFile(file, 'delete the dump:'),
  ],
};

class Unreadable extends Error {}

function reader(bytes: Buffer) {
  let at = 0;
  const take = (length: number) => {
    if (length > bytes.length - at) throw new Unreadable();
    at += length;
    return bytes.subarray(at - length, at);
  };
  const number = () => Number(take(8).readBigUInt64LE());
  const text = () => take(number()).toString('utf8');
  const option = <T>(read: () => T) => {
    const [is] = take(1);
    if (is !== 0 && is !== 1) throw new Unreadable();
    return is === 1 ? read() : null;
  };
  const list = <T>(read: () => T): T[] => {
    const length = number();
    if (length > bytes.length) throw new Unreadable();
    return Array.from({ length }, read);
  };
  return { take, number, text, option, list, isAtEnd: () => at === bytes.length };
}

/** @returns null when it has another form */
function accountsIn(plain: Buffer): readonly FoundLogin[] | null {
  const { take, number, text, option, list, isAtEnd } = reader(plain);
  const account = (): FoundLogin => {
    const name = text();
    const authorizationEndpoint = text();
    const fields = list(() => [text(), text()] as const);
    const clientId = text();
    const secret = option(text);
    text(); // redirect_uri
    const scopes = list(text);
    const tokenEndpoint = text();
    const refreshToken = tokenState();
    const email = fields.find(([key]) => key === 'login_hint')?.[1] ?? null;
    return {
      name,
      email,
      clientId,
      clientSecret: secret === null ? null : new Secret(secret),
      refreshToken: refreshToken === null ? null : new Secret(refreshToken),
      scopes,
      server: { tokenEndpoint, authorizationEndpoint, clientAuth: 'post' },
    };
  };
  const tokenState = () => {
    const state = take(4).readUInt32LE();
    if (state === 0) return null;
    if (state !== 1) throw new Unreadable();
    text(); // access_token
    take(2 * 12); // two times, in seconds and nanoseconds
    return option(text);
  };
  try {
    if (number() !== VERSION) return null;
    const accounts = list(account);
    return isAtEnd() ? accounts : null;
  } catch (failure) {
    if (failure instanceof Unreadable) return null;
    throw failure;
  }
}
