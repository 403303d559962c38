import type { DemoEndpoint, DemoFault } from './contract.js';

/** Misfortunes to come, first in, first out, for each endpoint. */
export interface FaultQueue {
  add(endpoint: DemoEndpoint, fault: DemoFault, times?: number): void;
  take(endpoint: DemoEndpoint): DemoFault | null;
}

export function createFaultQueue(): FaultQueue {
  const waiting = new Map<DemoEndpoint, { readonly fault: DemoFault; left: number }[]>();
  return {
    add(endpoint, fault, times = 1) {
      const queue = waiting.get(endpoint) ?? [];
      waiting.set(endpoint, [...queue, { fault, left: times }]);
    },
    take(endpoint) {
      const queue = waiting.get(endpoint);
      const first = queue?.[0];
      if (!queue || !first) return null;
      first.left -= 1;
      if (first.left <= 0) queue.shift();
      return first.fault;
    },
  };
}
