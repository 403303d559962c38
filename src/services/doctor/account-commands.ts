import { loginCommand, shellName, widenHint } from '../../domain/hints.js';
import { quoted } from '../../domain/safe-text.js';
import type { AccountCommands } from '../../health/contract.js';
import { openHint } from '../refresh/refresh-notes.js';

/** What the checks of the doctor tell a person to type. */
export const accountCommands: AccountCommands = {
  login: loginCommand,
  widen: widenHint,
  name: shellName,
  afterLostAnswer: openHint,
  quoted,
};
