import type { EventQueue } from '../stores/audit-queue.js';
import type { TrailTable } from '../stores/contract.js';

const PAGE = 1_000;

/** A line as it is read back, by whoever wants to know what has happened. */
export interface ReadLine {
  /** Null while it waits for the trail. */
  readonly seq: number | null;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** What it says, member by member; empty when it is no line of ours. */
  readonly said: Readonly<Record<string, unknown>>;
}

/**
 * All events: those that wait for the trail, then those in it, each part newest first. Nothing of it is checked here.
 *
 * @param trail null where there is no vault
 */
export async function* newestFirst(trail: TrailTable | null, queue: EventQueue): AsyncGenerator<ReadLine> {
  const waiting = queue.peek().map((line) => line.slice(line.indexOf(' ') + 1));
  yield* waiting.map((body) => readLine(null, 0, body)).sort((a, b) => b.at - a.at);
  if (trail === null) return;
  for (let before = Number.MAX_SAFE_INTEGER; ; ) {
    const entries = await trail.before(before, PAGE);
    for (const { seq, at, body } of entries) yield readLine(seq, at, body);
    const last = entries.at(-1);
    if (last === undefined) return;
    before = last.seq;
  }
}

/** @returns null when the line does not say it, or not as a text */
export function saidText(said: ReadLine['said'], name: string): string | null {
  const value = said[name];
  return typeof value === 'string' ? value : null;
}

function readLine(seq: number | null, at: number, body: string): ReadLine {
  try {
    const value: unknown = JSON.parse(body);
    const said = typeof value === 'object' && value !== null ? (value as ReadLine['said']) : {};
    const written = Date.parse(saidText(said, 'time') ?? '');
    return { seq, at: seq === null && !Number.isNaN(written) ? written : at, said };
  } catch {
    return { seq, at, said: {} };
  }
}
