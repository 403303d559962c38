import { Secret } from '../../src/domain/secret.js';
import { NO_FACTS } from './token-answers.js';

/** A public client at a provider without peculiarities. */
export const plainClient = {
  provider: {
    clientAuth: 'none',
    tokenBody: 'form',
    headers: {},
    errors: NO_FACTS,
    refreshParams: {},
    scopeSeparator: ' ',
  },
  clientId: 'client-example',
  clientSecret: null,
} as const;

/** A confidential one that takes JSON and raw Basic. */
export const jsonClient = {
  provider: {
    ...plainClient.provider,
    clientAuth: 'basic-raw',
    tokenBody: 'json',
    headers: { 'X-Version': '1' },
  },
  clientId: 'client-example',
  clientSecret: new Secret('client-secret-example'),
} as const;
