import { type Account, accountName } from '../../domain/account.js';
import { widenHint } from '../../domain/hints.js';
import { missingScopes, readable } from '../../domain/scopes.js';

/** What an account had been granted and no longer is, between two looks at it. Said once: by whoever saw both. */
export function withdrawnScopes(before: Account, after: Account): readonly string[] {
  return missingScopes(before.grantedScopes, after.grantedScopes);
}

/** What a person is told when a refresh brought fewer scopes than before, with the command that asks for them again. */
export function withdrawalWarning(account: Account, withdrawn: readonly string[]): string {
  const { length } = withdrawn;
  return `${accountName(account)} no longer has the scope${length === 1 ? '' : 's'} ${readable(withdrawn.join(' '))}, which the provider left out of this refresh (${widenHint(account, withdrawn)})`;
}
