import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

/*
 * scrypt takes half a second on purpose. In the tests of one process the same passphrase with the same salt is stretched
 * once: the key is the real one, and the second time it is remembered.
 */
const real = crypto.scrypt;
const keys = new Map<string, Buffer>();

function remembered(...given: Parameters<typeof real>): void {
  const [secret, salt, length, cost, done] = given;
  const name = JSON.stringify([
    ...[secret, salt].map((each) => Buffer.from(each as Buffer).toString('hex')),
    length,
    cost,
  ]);
  const key = keys.get(name);
  if (key !== undefined) {
    setImmediate(done, null, Buffer.from(key));
    return;
  }
  real(secret, salt, length, cost, (failure, made) => {
    if (failure === null) keys.set(name, Buffer.from(made));
    done(failure, made);
  });
}

if (real.name !== remembered.name) {
  Object.assign(crypto, { scrypt: remembered });
  syncBuiltinESMExports();
}
