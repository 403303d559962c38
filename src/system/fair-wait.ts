import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { SECOND } from '../domain/duration.js';
import type { Clock } from './contract.js';

/** Milliseconds; short enough that what comes in between is seen before patience ends. */
const STEP = 100;
/** The most that is added for others, in milliseconds: a machine may be overloaded for as long as it likes. */
const LONGEST_RESPITE = 60 * SECOND;
/** Milliseconds: what Linux counts a process's time in (`USER_HZ`, proc(5)). */
const TICK = 10;

/**
 * Sleeps for as long as somebody may take to answer on a machine that has time for everybody. Time in which this process
 * came late, or in which one that is waited for was ready to run and did not get a processor, says nothing about it and
 * does not count. One that is stopped, blocked or runs in circles gets no respite.
 *
 * @param milliseconds what counts; on an idle machine the sleep takes just as long
 * @param others the ids of the processes that are waited for, as far as they are known by now
 * @throws the signal's reason
 */
export async function sleepFairly(
  clock: Clock,
  milliseconds: number,
  others: () => readonly number[],
  signal: AbortSignal,
): Promise<void> {
  let respite = LONGEST_RESPITE;
  let before = new Map<number, Activity>();
  for (let left = milliseconds; left > 0; ) {
    const step = Math.min(STEP, left);
    // However late it ends: it counts as no more than a step.
    await clock.sleep(step, signal);
    const now = new Map(others().map((pid) => [pid, activityOf(pid)]));
    const queued = [...now].map(([pid, activity]) => timeInQueue(step, activity, before.get(pid)));
    const uncounted = Math.min(respite, Math.max(0, ...queued));
    respite -= uncounted;
    left -= step - uncounted;
    before = now;
  }
}

/** What a process does; one of which the system does not tell does nothing. */
interface Activity {
  /** One of its threads runs or would run. */
  readonly ready: boolean;
  /** The time it has had a processor so far, in milliseconds. */
  readonly ran: number;
}

const IDLE: Activity = { ready: false, ran: 0 };

function timeInQueue(step: number, now: Activity, before: Activity | undefined): number {
  if (!now.ready || before === undefined) return 0;
  return Math.max(0, step - (now.ran - before.ran));
}

/** From `/proc/pid/task/tid/stat` (proc(5)): the state is its third field, the times are its 14th and 15th. */
function activityOf(pid: number): Activity {
  try {
    // This process runs because it looks, and that it came late is not counted anyway.
    if (readlinkSync('/proc/self') === String(pid)) return IDLE;
    const folder = `/proc/${pid}/task`;
    const threads = readdirSync(folder).map((thread) => {
      const stat = readFileSync(`${folder}/${thread}/stat`, 'latin1');
      // The second field is a name in parentheses, which may hold anything.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return { ready: fields[0] === 'R', ran: (Number(fields[11]) + Number(fields[12])) * TICK };
    });
    return {
      ready: threads.some(({ ready }) => ready),
      ran: threads.reduce((sum, { ran }) => sum + ran, 0),
    };
  } catch {
    return IDLE;
  }
}
