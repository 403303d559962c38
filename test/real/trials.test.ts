import { canaries } from '../../trials/canaries.js';
import { diskErrors } from '../../trials/disk-errors.js';
import { flippedBytes } from '../../trials/flipped-bytes.js';
import { fullDisk } from '../../trials/full-disk.js';
import { listenerFuzz } from '../../trials/listener-fuzz.js';
import { lostAnswers } from '../../trials/lost-answers.js';
import { movedFields } from '../../trials/moved-fields.js';
import { mutatedAnswers } from '../../trials/mutated-answers.js';
import { QUICK } from '../../trials/room/hostile.js';
import { swapRace } from '../../trials/swap-race.js';
import { takenLogins } from '../../trials/taken-logins.js';
import { transportTrial } from '../../trials/transports.js';
import { cutsOf } from '../harness/trial-cuts.js';

// The others are in trials-ends.test.ts.
cutsOf('what the trials try to break', [
  [mutatedAnswers, 40],
  [listenerFuzz, 40],
  [swapRace, 6],
  [flippedBytes, 20],
  [movedFields, 40],
  [lostAnswers, 4],
  [diskErrors, 1],
  [fullDisk, 1],
  [canaries, 1],
  [takenLogins, 1],
  [transportTrial(QUICK), 1],
]);
