import { systemClock } from '../../src/system/clock.js';
import type { Clock } from '../../src/system/contract.js';
import type { Keychain } from '../../src/system/keychain/contract.js';
import { systemKeychain } from '../../src/system/keychain/keychain.js';

/** The system's keychain on a Linux as a test describes it. */
export interface KeychainStage {
  readonly keychain: Keychain;
  readonly notices: string[];
  readonly interrupt: AbortController;
}

interface Desktop {
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly interactive?: boolean;
  /** Milliseconds. */
  readonly timeouts?: { readonly alone: number; readonly interactive: number };
  /** The interpreter and the script; without them no helper can be started. */
  readonly self?: readonly [string, string];
  /** The machine's own when left out. */
  readonly clock?: Clock;
  /** Called with each notice. */
  readonly onNotice?: () => void;
}

/** Long enough for a machine under load, where an answer is awaited. */
const LONG = { alone: 20_000, interactive: 20_000 };

export function keychainStage(desktop: Desktop = {}): KeychainStage {
  const { env = {}, uid = process.getuid?.() ?? 0, interactive = false } = desktop;
  const { timeouts = LONG, self = null, clock = systemClock } = desktop;
  const notices: string[] = [];
  const interrupt = new AbortController();
  const host = { env, uid, self, platform: 'linux' as const, interruption: interrupt.signal };
  const keychain = systemKeychain({
    host,
    clock,
    timeouts,
    interactive: () => interactive,
    notice(line) {
      notices.push(line);
      desktop.onNotice?.();
    },
  });
  return { keychain, notices, interrupt };
}
