import { canaries } from './canaries.js';
import { clock } from './clock.js';
import type { Trial } from './contract.js';
import { crossings } from './crossings.js';
import { crowd } from './crowd.js';
import { diskErrors } from './disk-errors.js';
import { flippedBytes } from './flipped-bytes.js';
import { fullDisk } from './full-disk.js';
import { herd } from './herd.js';
import { holder } from './holder.js';
import { keyChanges } from './key-changes.js';
import { killAgent } from './kill-agent.js';
import { killAsker } from './kill-asker.js';
import { killRefresherGrace } from './kill-refresher-grace.js';
import { killRefresherStrict } from './kill-refresher-strict.js';
import { listenerFuzz } from './listener-fuzz.js';
import { lostAnswers } from './lost-answers.js';
import { movedFields } from './moved-fields.js';
import { mutatedAnswers } from './mutated-answers.js';
import { swapRace } from './swap-race.js';
import { syscalls } from './syscalls.js';
import { takenLogins } from './taken-logins.js';
import { transports } from './transports.js';

/** Every trial. */
export const TRIALS: readonly Trial[] = [
  killAgent,
  killAsker,
  killRefresherGrace,
  killRefresherStrict,
  lostAnswers,
  syscalls,
  keyChanges,
  diskErrors,
  fullDisk,
  herd,
  crowd,
  crossings,
  holder,
  mutatedAnswers,
  clock,
  transports,
  listenerFuzz,
  takenLogins,
  swapRace,
  canaries,
  flippedBytes,
  movedFields,
];
