import { clock } from '../../trials/clock.js';
import { crossings } from '../../trials/crossings.js';
import { crowdOf } from '../../trials/crowd.js';
import { herdOf } from '../../trials/herd.js';
import { holderTrial } from '../../trials/holder.js';
import { keyChanges } from '../../trials/key-changes.js';
import { killAgent } from '../../trials/kill-agent.js';
import { killAsker } from '../../trials/kill-asker.js';
import { killRefresherGrace } from '../../trials/kill-refresher-grace.js';
import { killRefresherStrict } from '../../trials/kill-refresher-strict.js';
import { syscalls } from '../../trials/syscalls.js';
import { cutsOf } from '../harness/trial-cuts.js';

/** The trial at length measures how fast the next process continues; here it only has to continue. */
const ANY_TIME = Number.POSITIVE_INFINITY;

cutsOf('where the trials end, hold or crowd processes', [
  [killAsker, 1],
  [killRefresherGrace, 1],
  [killRefresherStrict, 1],
  [killAgent, 1],
  [syscalls, 1],
  [keyChanges, 1],
  [crossings, 1],
  [holderTrial({ within: ANY_TIME, patient: false }), 1],
  [herdOf(10), 1],
  [crowdOf(10), 1],
  [clock, 1],
]);
