import type { DesktopEnvironment } from '../../src/system/desktop-environment.js';

/** A person sits at this machine and sees its browser. */
export const DESKTOP: DesktopEnvironment = {
  ssh: null,
  wsl: false,
  container: false,
  codespace: false,
  ci: false,
  display: true,
};
