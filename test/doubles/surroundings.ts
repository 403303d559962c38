import type { Surroundings } from '../../src/system/surroundings.js';

/** A person sits at this machine and sees its browser. */
export const DESKTOP: Surroundings = {
  ssh: null,
  wsl: false,
  container: false,
  codespace: false,
  ci: false,
  display: true,
};
