import { SECOND } from '../../domain/duration.js';
import type { Clock, Http, HttpAnswer } from '../contract.js';

const DEADLINE = 6 * SECOND;

/** A page that a server answered with, and when. */
export interface Probe {
  readonly answer: HttpAnswer;
  /** Milliseconds since the epoch, by this machine's clock. */
  readonly askedAt: number;
  readonly answeredAt: number;
}

/**
 * Asks for pages, for each once, however often it is wanted.
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
