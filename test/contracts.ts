/** The suites that every member of an axis runs: what its contract promises, tried on the real thing. */
export { keySourceContract } from './contracts/key-source.js';
export { storeContract } from './contracts/store.js';
export { intentContract } from './contracts/store-intents.js';
