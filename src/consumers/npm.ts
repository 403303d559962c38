import { command } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';
import type { Consumer } from './contract.js';
import { registrySetting, registryToConnect } from './npmrc.js';

/* npm runs no program for a token. It replaces variables in its settings, and `vault exec` sets one for one run. */

const VARIABLE = 'NPM_TOKEN';

export const npm: Consumer = {
  programs: ['npm', 'yarn'],
  helper: null,
  connect(request) {
    const registry = registryToConnect('npm', request);
    return {
      target: registry,
      changes: [registrySetting(request, registry, '_authToken', `\${${VARIABLE}}`)],
      notes: [
        `to run npm with a token: ${command(`exec ${quoted(request.account)} --env ${VARIABLE} -- npm install`)}`,
        `to take packages of a scope from there: npm config set @SCOPE:registry https://${registry}`,
      ],
    };
  },
};
