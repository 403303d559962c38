import type { NewVaultHead, Store } from '../../src/stores/contract.js';

/** A store to be tried, with a second connection to the same data. */
export interface StoreStage {
  readonly store: Store;
  another(): Promise<Store>;
  close(): Promise<void>;
}

/** Makes a store with this head. */
export type OpenStore = (head: NewVaultHead) => Promise<StoreStage>;
