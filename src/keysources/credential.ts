import { isAbsolute, join } from 'node:path';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import type { GivenKeySource } from './contract.js';
import { decodeKey, NEW_KEY } from './contract.js';

export const CREDENTIAL_NAME = 'token-vault-master-key';
const LIMIT = 4096;

export interface CredentialParts {
  /** `$CREDENTIALS_DIRECTORY`. */
  readonly folder: string | undefined;
  /** @throws VaultError `vault_permissions`, `key_unavailable` */
  readonly read: (path: string, limit: number) => Promise<Buffer | null>;
}

/**
 * A systemd credential: a file in `$CREDENTIALS_DIRECTORY` that exists in memory for one service (systemd.exec(5),
 * LoadCredentialEncrypted=). systemd owns it, so this program only reads it.
 *
 * @param name null: the default
 */
export function credentialSource(name: string | null, { folder, read }: CredentialParts): GivenKeySource {
  const credential = name ?? CREDENTIAL_NAME;
  const place = `systemd credential ${credential}`;
  const stored = `/etc/credstore.encrypted/${credential}`;
  const load = `LoadCredentialEncrypted=${credential}`;
  return {
    kind: 'credential',
    keys: 'given',
    setting: { kind: 'credential', name },
    place,
    path: null,
    recipe: `${NEW_KEY} | systemd-creds encrypt --name=${credential} - ${stored}`,
    ifWrong: `give the service the credential that was made for this vault, with ${load} in its unit`,
    async load() {
      if (folder === undefined || folder === '') {
        throw new VaultError(
          'key_unavailable',
          `there is no ${place} here: $CREDENTIALS_DIRECTORY is not set`,
          {
            hint: `systemd sets it for a service that has ${load} in its unit; by hand: systemd-run --pipe --wait -p ${load} ${command('list')}`,
          },
        );
      }
      if (!isAbsolute(folder)) {
        throw new VaultError('key_unavailable', '$CREDENTIALS_DIRECTORY is not an absolute path', {
          hint: 'systemd sets it; do not set it yourself',
        });
      }
      const content = await read(join(folder, credential), LIMIT);
      if (content === null) {
        throw new VaultError('key_missing', `the ${place} is not among the credentials of this service`, {
          hint: `write ${load} into the unit's [Service] section, then: systemctl daemon-reload`,
        });
      }
      const key = decodeKey(content.toString('latin1'), place);
      content.fill(0);
      return key;
    },
  };
}
