import { crossings } from '../../trials/crossings.js';
import { diskErrors } from '../../trials/disk-errors.js';
import { fullDisk } from '../../trials/full-disk.js';
import { holderTrial } from '../../trials/holder.js';
import { keyChanges } from '../../trials/key-changes.js';
import { killAgent } from '../../trials/kill-agent.js';
import { killAsker } from '../../trials/kill-asker.js';
import { killRefresherGrace } from '../../trials/kill-refresher-grace.js';
import { killRefresherStrict } from '../../trials/kill-refresher-strict.js';
import { lostAnswers } from '../../trials/lost-answers.js';
import { syscalls } from '../../trials/syscalls.js';
import { cutsOf } from '../harness/trial-cuts.js';

/** How fast the next one goes on is measured by the trial at length; here it is only asked that it does. */
const ANY_TIME = Number.POSITIVE_INFINITY;

cutsOf('where the trials end a process, or the disk ends it', [
  [killAgent, 2],
  [killAsker, 2],
  [killRefresherGrace, 2],
  [killRefresherStrict, 2],
  [lostAnswers, 8],
  [syscalls, 2],
  [keyChanges, 2],
  [diskErrors, 4],
  [fullDisk, 1],
  [crossings, 3],
  [holderTrial({ within: ANY_TIME, patient: false }), 1],
]);
