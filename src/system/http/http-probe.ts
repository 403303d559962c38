import { SECOND } from '../../domain/duration.js';
import type { Clock, Http, HttpAnswer } from '../contract.js';

const DEADLINE = 6 * SECOND;

/** An answer, and when the request was made and answered, by this machine's clock. */
export interface Probe {
  readonly answer: HttpAnswer;
  readonly askedAt: number;
  readonly answeredAt: number;
}

/**
 * Fetches each URL once, however often it is asked for.
 *
 * @returns a function that throws TransportFailure when there is no whole answer
 */
export function createProber(http: Http, clock: Clock, signal: AbortSignal): (url: string) => Promise<Probe> {
  const visits = new Map<string, Promise<Probe>>();

  async function visit(url: string): Promise<Probe> {
    const askedAt = clock.now();
    const headers = { accept: 'application/json' };
    const answer = await http.send({ method: 'GET', url, headers, deadline: DEADLINE, signal });
    return { answer, askedAt, answeredAt: clock.now() };
  }

  return (url) => {
    const visited = visits.get(url) ?? visit(url);
    visits.set(url, visited);
    return visited;
  };
}
