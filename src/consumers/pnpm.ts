import { join } from 'node:path';
import type { Consumer } from './contract.js';
import { registrySetting, registryToConnect } from './npmrc.js';
import { helperProgram } from './programs.js';

/*
 * pnpm's tokenHelper: https://pnpm.io/npmrc#urltokenhelper. An absolute path without arguments, in the user's own file. pnpm
 * takes all that it prints as the value of the Authorization header.
 */

export const pnpm: Consumer = {
  programs: ['pnpm'],
  helper: {
    verbs: [],
    async answer(call) {
      const { accessToken } = await call.token();
      call.print(`Bearer ${accessToken.reveal()}`);
    },
  },
  connect(request) {
    const registry = registryToConnect('pnpm', request);
    const name = `pnpm-token-${registry.replace(/\/$/, '').replace(/[^\w.-]/g, '-')}`;
    const file = join(request.home, '.local', 'bin', name);
    return {
      target: registry,
      changes: [
        helperProgram(request, file, ['pnpm', request.account]),
        registrySetting(request, registry, 'tokenHelper', file),
      ],
      notes: [`to take packages of a scope from there: pnpm config set @SCOPE:registry https://${registry}`],
    };
  },
};
