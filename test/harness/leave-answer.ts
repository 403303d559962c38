import { Secret } from '../../src/domain/secret.js';
import type { SealedAccount } from '../../src/stores/contract.js';
import type { AccountChange, IdToken } from '../../src/vault/sealed-account.js';
import type { TestContext } from './test-context.js';

/** Puts an answer beside the vault, as a refresh of this account leaves it that the database could not take. */
export async function leaveAnswer(
  { vault, spill }: Pick<TestContext, 'vault' | 'spill'>,
  account: SealedAccount,
  refreshToken = 'refresh-token-waiting',
  change: AccountChange = {},
  idToken: IdToken | null = null,
): Promise<void> {
  const tokens = { accessToken: new Secret('access-token-waiting'), refreshToken: new Secret(refreshToken) };
  const sealed = await vault.sealAnswer(account, { change, ...tokens, idToken });
  spill.reserve().write({ accountId: account.id, generation: account.generation, sealed });
}

/** The same for one of which the sealed bytes are damaged. */
export function leaveDamaged({ spill }: Pick<TestContext, 'spill'>, { id, generation }: SealedAccount): void {
  spill.reserve().write({ accountId: id, generation, sealed: Buffer.from('no answer that opens') });
}
