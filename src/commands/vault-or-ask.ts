import type { Context } from '../context.js';
import { type ErrorCode, VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import type { Io } from '../ui/io.js';

/** Errors of a machine that has no keychain, as servers and containers. */
const NO_KEYCHAIN: readonly ErrorCode[] = [
  'session_bus_missing',
  'keychain_not_installed',
  'key_unavailable',
];

type AskContext = Pick<Context, 'access' | 'keys' | 'paths' | 'vaultOrNew'>;

/** No key has this name: it is only looked for. */
const NO_KEY = 'none/master/0';

/** Whether the first login could not make the vault: no key source was chosen, and there is no keychain. */
export async function lacksKeySource({ keys }: Pick<Context, 'keys'>): Promise<boolean> {
  if ((await keys.decidedBy()) !== null) return false;
  try {
    (await (await keys.current()).load(NO_KEY)).fill(0);
    return false;
  } catch (failure) {
    if (!(failure instanceof VaultError)) throw failure;
    return NO_KEYCHAIN.includes(failure.code);
  }
}

/**
 * The vault, made first where there is none. Without a keychain, and where no key source was chosen, the user is asked whether to
 * keep the key in a file.
 *
 * @param declined said when the answer is no
 * @throws VaultError the key source's, where there is no terminal or the answer is no
 */
export async function vaultOrAsk(
  ctx: AskContext,
  io: Io,
  declined: string,
): ReturnType<Context['vaultOrNew']> {
  try {
    return await ctx.vaultOrNew();
  } catch (failure) {
    if (!io.interactive || io.json || !(failure instanceof VaultError)) throw failure;
    if (!NO_KEYCHAIN.includes(failure.code) || (await ctx.keys.decidedBy()) !== null) throw failure;
    io.say(failure.message);
    const { keyFile } = ctx.paths;
    if (!(await io.confirm(`Keep the key in ${keyFile} (mode 0600) instead?`, 'yes')))
      throw new VaultError(failure.code, declined, {
        hint: `other places for the key: ${command('init --help')}`,
        cause: failure,
      });
    const setting = { kind: 'file', path: null } as const;
    await ctx.access.create(await ctx.keys.chosen({ setting, passphraseFd: null }));
    return ctx.vaultOrNew();
  }
}
