import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/system/clock.js';
import { sleepFairly } from '../../src/system/fair-wait.js';
import { needs } from '../harness/parts.js';

let children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children = [];
});

function start(...[program = '', ...args]: readonly string[]): number {
  const child = spawn(program, args, { stdio: 'ignore' });
  children.push(child);
  return child.pid ?? 0;
}

/** A real clock that notes what is slept, and comes late by as much as is asked. */
function countingClock(late = 0) {
  const slept: number[] = [];
  const clock = {
    ...systemClock,
    async sleep(milliseconds: number, signal?: AbortSignal) {
      slept.push(milliseconds);
      await systemClock.sleep(milliseconds + late, signal);
    },
  };
  return { clock, slept };
}

const BUSY = ['sh', '-c', 'while :; do :; done'];
const { signal } = new AbortController();

describe('a fair wait', () => {
  it('counts all time against a process that does nothing, and against none at all', async () => {
    for (const others of [[], [start('sleep', '60')], [2 ** 22 + 1]]) {
      const { clock, slept } = countingClock();
      await sleepFairly(clock, 250, () => others, signal);
      expect(slept).toEqual([100, 100, 50]);
    }
  });

  it('counts no time against a process that stands in the queue for its processor', async (context) => {
    needs(context, 'turns at the processor', '/proc');
    start('taskset', '-c', '0', ...BUSY);
    const starved = start('taskset', '-c', '0', 'chrt', '--idle', '0', ...BUSY);
    const { clock, slept } = countingClock();
    const given = new AbortController();
    const waiting = sleepFairly(clock, 300, () => [starved], given.signal);
    while (slept.length < 8) await pause(10);
    given.abort(new Error('long enough'));
    await expect(waiting).rejects.toThrow('long enough');
  });

  it('counts what came late as if it had come in time', async () => {
    const { clock, slept } = countingClock(150);
    await sleepFairly(clock, 200, () => [], signal);
    expect(slept).toEqual([100, 100]);
  });
});
