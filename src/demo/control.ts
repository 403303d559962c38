import type { DemoAnswer, DemoEndpoint, DemoFault, DemoKnobs, DemoServer } from './contract.js';
import { json, text } from './http.js';
import type { Incoming } from './world.js';

/** The body of `POST /control`, which steers a server in another process. */
export type DemoOrder =
  | { readonly do: 'set'; readonly knobs: Partial<DemoKnobs> }
  | {
      readonly do: 'next';
      readonly endpoint: DemoEndpoint;
      readonly fault: DemoFault;
      readonly times?: number;
    }
  | { readonly do: 'end_all_grants' }
  | { readonly do: 'report' };

/** Carries out one order and answers with the log so far, secrets included: the caller has the key. */
export function control(demo: DemoServer, secret: string, incoming: Incoming): DemoAnswer {
  if (incoming.method !== 'POST' || incoming.headers['authorization'] !== `Bearer ${secret}`) {
    return text(404, 'not found');
  }
  try {
    carryOut(demo, JSON.parse(incoming.body) as DemoOrder);
  } catch {
    return json(400, { error: 'invalid_order' });
  }
  return json(200, {
    knobs: demo.knobs,
    log: demo.log,
    requests: demo.requests,
    refresh_uses: Object.fromEntries(demo.refreshUses),
    secrets: demo.secrets(),
  });
}

function carryOut(demo: DemoServer, order: DemoOrder): void {
  switch (order.do) {
    case 'set':
      Object.assign(demo.knobs, order.knobs);
      return;
    case 'next':
      demo.next(order.endpoint, order.fault, order.times);
      return;
    case 'end_all_grants':
      demo.endAllGrants();
      return;
    case 'report':
      return;
    default:
      throw new TypeError('no such order');
  }
}
