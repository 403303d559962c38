import type { Context } from '../../src/context.js';
import type { UseCases } from '../../src/services/contract.js';

/** Use cases of which each fails when it is called, except those that are given. */
export function useCasesDouble(given: Partial<UseCases> = {}): Context & UseCases {
  const never = (name: keyof UseCases) => () => Promise.reject(new Error(`${name} must not be called here`));
  const doubles: UseCases = {
    token: never('token'),
    exec: never('exec'),
    refresh: never('refresh'),
    restore: never('restore'),
    planRestore: never('planRestore'),
    backup: never('backup'),
    runAgent: never('runAgent'),
    agentSocket: () => {
      throw new Error('agentSocket must not be called here');
    },
    agentStatus: never('agentStatus'),
    stopAgent: never('stopAgent'),
    doctor: never('doctor'),
    demo: never('demo'),
    condition: never('condition'),
    acceptRollback: never('acceptRollback'),
    schedule: never('schedule'),
    unschedule: never('unschedule'),
    notify: never('notify'),
    testNotify: never('testNotify'),
    close: never('close'),
    ...given,
  };
  return doubles as Context & UseCases;
}
