import { createInterface } from 'node:readline';
import type { Host } from '../system/contract.js';
import type { Keychain, KeychainFailure } from '../system/keychain/contract.js';
import type { HelperAnswer, HelperRequest } from '../system/keychain/helper.js';
import { keytarKeychain } from '../system/keychain/native.js';

/**
 * The whole life of a keychain helper: one call of the system's keychain, asked for on stdin and answered on stdout. It is
 * killed when that takes too long.
 *
 * @param leave ends the process whatever hangs; for when nobody waits any more
 */
export async function runAsKeychainHelper(host: Host, leave: () => void): Promise<void> {
  const lines = createInterface({ input: host.stdin });
  lines.once('close', leave);
  const first = await lines[Symbol.asyncIterator]().next();
  if (first.done === true) return;
  const answer = await answerTo(JSON.parse(first.value) as HelperRequest, keytarKeychain(host.platform));
  host.stdout.on('error', () => undefined);
  host.stdout.write(`${JSON.stringify(answer)}\n`);
  lines.off('close', leave);
  lines.close();
}

async function answerTo(request: HelperRequest, keychain: Keychain): Promise<HelperAnswer> {
  try {
    return { value: await carryOut(request, keychain) };
  } catch (failure) {
    const { kind = 'unavailable', about = null, remedy = null } = failure as Partial<KeychainFailure>;
    return { failure: kind, about, remedy };
  }
}

async function carryOut({ action, service, account, value }: HelperRequest, keychain: Keychain) {
  if (action !== 'write') return keychain[action](service, account);
  await keychain.write(service, account, value ?? '');
  return null;
}
