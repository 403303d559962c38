/** The suites that every member of an axis runs: what its contract promises, tried on the real thing. */
export { checkContract } from './contracts/check.js';
export { keySourceContract, storingKeySourceContract } from './contracts/key-source.js';
export { storeContract } from './contracts/store.js';
export type { OpenStore } from './contracts/store-stage.js';
