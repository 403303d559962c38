import type { IntegrityDeps, IntegrityUseCases } from '../services/integrity/integrity.js';

/* How app.ts wires the look at the vault as a whole. Loaded when first called. */

export function integrityWith(deps: IntegrityDeps): IntegrityUseCases {
  return {
    async condition() {
      const { conditionOf } = await import('../services/integrity/integrity.js');
      return conditionOf(deps);
    },
    async acceptRollback() {
      const { acceptRollback } = await import('../services/integrity/integrity.js');
      return acceptRollback(deps);
    },
  };
}
