import { canaries } from '../../trials/canaries.js';
import { clock } from '../../trials/clock.js';
import { crowdOf } from '../../trials/crowd.js';
import { flippedBytes } from '../../trials/flipped-bytes.js';
import { herdOf } from '../../trials/herd.js';
import { listenerFuzz } from '../../trials/listener-fuzz.js';
import { movedFields } from '../../trials/moved-fields.js';
import { mutatedAnswers } from '../../trials/mutated-answers.js';
import { QUICK } from '../../trials/room/hostile.js';
import { swapRace } from '../../trials/swap-race.js';
import { takenLogins } from '../../trials/taken-logins.js';
import { transportTrial } from '../../trials/transports.js';

import { cutsOf } from '../harness/trial-cuts.js';

cutsOf('what the trials try to break', [
  [herdOf(10), 1],
  [crowdOf(10), 1],
  [mutatedAnswers, 100],
  [clock, 1],
  [transportTrial(QUICK), 8],
  [listenerFuzz, 200],
  [takenLogins, 3],
  [swapRace, 30],
  [canaries, 4],
  [flippedBytes, 100],
  [movedFields, 60],
]);
