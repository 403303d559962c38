import { join } from 'node:path';
import type { Change, ConnectRequest } from './contract.js';
import { hostToConnect } from './registries.js';

/** `host/path/` of a registry, by which the settings of npm and pnpm name it. */
export function registryToConnect(tool: string, request: ConnectRequest): string {
  const host = hostToConnect(tool, request, { github: 'npm.pkg.github.com' }, 'npm.example.com');
  const [, path = ''] = /^(?:https?:\/\/)?[^/]+\/*(.*?)\/*$/.exec(request.target ?? '') ?? [];
  return path === '' ? `${host}/` : `${host}/${path}/`;
}

/** One setting of one registry in the user's own file: a project's file could name another registry. */
export function registrySetting(
  { env, home }: ConnectRequest,
  registry: string,
  name: string,
  value: string,
): Change {
  const file = env['NPM_CONFIG_USERCONFIG'] || env['npm_config_userconfig'] || join(home, '.npmrc');
  const key = `//${registry}:`;
  const unless = new RegExp(
    `^[ \\t]*${key.replace(/[.[\]+]/g, '\\$&')}(?:_auth|_authToken|tokenHelper)\\b`,
    'm',
  );
  return { kind: 'lines', file, comment: '#', lines: [`${key}${name}=${value}`], unless };
}
