import type { BackgroundUseCases } from './background/background-contract.js';

export type * from './background/background-contract.js';

/** Everything a command can ask for. `app.ts` wires it; each part is loaded when it is first called. */
export interface UseCases extends BackgroundUseCases {
  /** Sends due notifications at the end of another command; never throws. */
  notifyDue(): Promise<void>;
  /** Frees files and sockets; called once, at the end. */
  close(): Promise<void>;
}
