import { DAY } from '../domain/duration.js';
import { jsonObject } from '../domain/json.js';
import type { EventQueue } from '../stores/audit-queue.js';
import type { TrailTable } from '../stores/contract.js';

const PAGE = 1_000;

/** An event as read from the trail or its queue. */
export interface ReadLine {
  /** Null while it is in the queue. */
  readonly seq: number | null;
  readonly at: number;
  /** Its members; empty when the line is malformed. */
  readonly said: Readonly<Record<string, unknown>>;
}

/**
 * All events, not verified: those in the queue, then those in the trail, each part newest first.
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

/** @returns null unless the member is a string */
export function saidText(said: ReadLine['said'], name: string): string | null {
  const value = said[name];
  return typeof value === 'string' ? value : null;
}

function readLine(seq: number | null, at: number, body: string): ReadLine {
  const said = jsonObject(body) ?? {};
  const written = Date.parse(saidText(said, 'time') ?? '');
  return { seq, at: seq === null && !Number.isNaN(written) ? written : at, said };
}

/** An event from the queue may be in the trail behind slightly younger ones. */
const LATE_ENTRY_WINDOW = 2 * DAY;

/** Events from this time on, newest first; see {@link newestFirst}. */
export async function* since(
  start: number,
  trail: TrailTable | null,
  queue: EventQueue,
): AsyncGenerator<ReadLine> {
  for await (const line of newestFirst(trail, queue)) {
    if (line.at < start - LATE_ENTRY_WINDOW) return;
    if (line.at >= start) yield line;
  }
}
