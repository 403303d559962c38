import type { UseCases } from '../../src/services/contract.js';

/** Use cases of which each fails when it is called, except those that are given. */
export function useCasesDouble(given: Partial<UseCases> = {}): UseCases {
  const never = (name: keyof UseCases) => () => Promise.reject(new Error(`${name} must not be called here`));
  return {
    token: never('token'),
    exec: never('exec'),
    list: never('list'),
    show: never('show'),
    refresh: never('refresh'),
    revocationTargets: never('revocationTargets'),
    revoke: never('revoke'),
    planLogin: never('planLogin'),
    login: never('login'),
    init: never('init'),
    providers: never('providers'),
    demo: never('demo'),
    condition: never('condition'),
    acceptRollback: never('acceptRollback'),
    close: never('close'),
    ...given,
  };
}
