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

interface DesktopEnvironment {
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly person?: boolean;
  /** Milliseconds. */
  readonly patience?: { readonly alone: number; readonly withPerson: number };
  /** The interpreter and the script; without them no helper can be started. */
  readonly self?: readonly [string, string];
  /** The machine's own when left out. */
  readonly clock?: Clock;
  /** Called with each notice. */
  readonly onNotice?: () => void;
}

/** Long enough for a machine under load, where an answer is awaited. */
const PATIENT = { alone: 20_000, withPerson: 20_000 };

export function keychainStage(surroundings: DesktopEnvironment = {}): KeychainStage {
  const { env = {}, uid = process.getuid?.() ?? 0, person = false } = surroundings;
  const { patience = PATIENT, self = null, clock = systemClock } = surroundings;
  const notices: string[] = [];
  const interrupt = new AbortController();
  const host = { env, uid, self, platform: 'linux' as const, interruption: interrupt.signal };
  const keychain = systemKeychain({
    host,
    clock,
    patience,
    person: () => person,
    notice(line) {
      notices.push(line);
      surroundings.onNotice?.();
    },
  });
  return { keychain, notices, interrupt };
}
