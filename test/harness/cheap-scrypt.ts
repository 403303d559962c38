import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { afterAll, beforeAll } from 'vitest';

/*
 * scrypt takes half a second and 128 MiB on purpose. Most tests need a key that depends on passphrase, salt and cost, not one that
 * is dear to derive: in the unit tests N is a hundredth of what was asked for. A file of tests about the bytes or the cost calls
 * `realScrypt()`; there the same passphrase with the same salt is stretched once in a process.
 */
type Scrypt = (...given: Parameters<typeof crypto.scrypt>) => void;

const DIVISOR = 128;
const state = { isReal: false };

function cheapened(real: Scrypt): Scrypt {
  const keys = new Map<string, Buffer>();
  return function cheapScrypt(secret, salt, length, cost, done) {
    if (!state.isReal) {
      real(secret, salt, length, { ...cost, N: (cost.N ?? 16_384) / DIVISOR }, done);
      return;
    }
    const hex = [secret, salt].map((each) => Buffer.from(each as Buffer).toString('hex'));
    const name = JSON.stringify([hex, length, cost]);
    const key = keys.get(name);
    if (key !== undefined) {
      setImmediate(done, null, Buffer.from(key));
      return;
    }
    real(secret, salt, length, cost, (failure, made) => {
      if (failure === null) keys.set(name, Buffer.from(made));
      done(failure, made);
    });
  };
}

if (crypto.scrypt.name !== 'cheapScrypt') {
  Object.assign(crypto, { scrypt: Object.assign(cheapened(crypto.scrypt), { state }) });
  syncBuiltinESMExports();
}

/** For the tests of this file scrypt costs what it costs the user. */
export function realScrypt(): void {
  // This module is loaded anew for each file of tests, the function that it put into place is not.
  const { state: own } = crypto.scrypt as unknown as { readonly state: { isReal: boolean } };
  beforeAll(() => {
    own.isReal = true;
  });
  afterAll(() => {
    own.isReal = false;
  });
}
