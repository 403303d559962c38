import { abuse } from './abuse.js';
import { addon } from './addon.js';
import { clients } from './clients.js';
import { clock } from './clock.js';
import { configuration } from './configuration.js';
import type { Check } from './contract.js';
import { database } from './database.js';
import { disk } from './disk.js';
import { endpoints } from './endpoints.js';
import { git } from './git.js';
import { grants } from './grants.js';
import { integrity } from './integrity.js';
import { keyChanges } from './key-changes.js';
import { keySource } from './key-source.js';
import { keychain } from './keychain.js';
import { node } from './node.js';
import { notify } from './notify.js';
import { permissions } from './permissions.js';
import { redirect } from './redirect.js';
import { scheduler } from './scheduler.js';

/** Every check there is, in the order in which they are shown. To add one: a file beside this one, a line here. */
export const CHECKS: readonly Check[] = [
  configuration,
  permissions,
  disk,
  keySource,
  keychain,
  database,
  integrity,
  keyChanges,
  abuse,
  clients,
  endpoints,
  redirect,
  grants,
  scheduler,
  notify,
  clock,
  node,
  addon,
  git,
];
