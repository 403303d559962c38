import type { Account, Identity } from '../../domain/account.js';
import { VaultError } from '../../domain/errors.js';
import type { LoginRequest } from '../contract.js';
import { retryLogin } from './login-contract.js';

/**
 * Refuses another person than the one that `--login-hint` names. Compared with an e-mail address is the address
 * that the provider tells (not the name, which people choose, unless there is nothing else), with anything else the name; with
 * both the subject, the details of the identity and the name that the person's account has here. In any case of letters. Where
 * the provider tells nothing of the kind it is not known that it is another person, so nobody is refused.
 *
 * @param known the account of who logged in; null where there is none yet
 * @throws VaultError `wrong_person`
 */
export function checkHint(
  request: LoginRequest,
  identity: Identity,
  known: Pick<Account, 'label'> | null,
): void {
  const { loginHint, device } = request;
  if (loginHint === null) return;
  const { subject, email, name, details } = identity;
  const isAddress = loginHint.includes('@');
  const told = [isAddress ? (email ?? name) : name, ...Object.values(details)].filter(
    (value) => value !== null && (!isAddress || value.includes('@')),
  );
  if (told.length === 0) return;
  const names = [subject, known?.label, ...told].map((value) => value?.toLowerCase());
  if (names.includes(loginHint.toLowerCase())) return;
  const way = device ? '--device' : '';
  throw new VaultError(
    'wrong_person',
    `${email ?? name ?? subject} logged in, and --login-hint asked for ${loginHint}, so nothing was stored`,
    {
      hint: [
        `to log in as ${loginHint}, choose that person in the browser:`,
        retryLogin(request, way),
        'to log in as whoever is chosen there:',
        retryLogin({ ...request, loginHint: null }, way),
      ].join('\n'),
    },
  );
}
