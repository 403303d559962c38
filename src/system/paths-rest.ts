import { isAbsolute, join } from 'node:path';
import type { Host } from './contract.js';

/** Microsoft's conventions. */
export function windowsFolders(env: Host['env'], home: string, app: string) {
  const of = (variable: string, fallback: string) => {
    const named = env[variable];
    return named !== undefined && isAbsolute(named) ? named : join(home, 'AppData', fallback);
  };
  const local = of('LOCALAPPDATA', 'Local');
  const roaming = of('APPDATA', 'Roaming');
  return { data: join(local, app, 'data'), config: join(roaming, app), state: join(local, app, 'state') };
}

/** Apple's conventions. */
export function appleFolders(home: string, app: string) {
  const support = join(home, 'Library', 'Application Support', app);
  return { data: support, config: support, state: join(home, 'Library', 'Logs', app) };
}
