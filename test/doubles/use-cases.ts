import type { Context } from '../../src/context.js';
import type { UseCases } from '../../src/services/contract.js';

/** Use cases of which each fails when it is called, except those that are given. */
export function useCasesDouble(given: Partial<UseCases> = {}): Context & UseCases {
  const never = (name: keyof UseCases) => () => Promise.reject(new Error(`${name} must not be called here`));
  const doubles: UseCases = {
    schedule: never('schedule'),
    unschedule: never('unschedule'),
    notifyDue: never('notifyDue'),
    close: never('close'),
    ...given,
  };
  return doubles as Context & UseCases;
}
