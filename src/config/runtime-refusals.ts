import { VaultError } from '../domain/errors.js';

export function printsRequests(): VaultError {
  return refused(
    'NODE_DEBUG is set and would print requests and answers, with their tokens',
    'unset NODE_DEBUG',
  );
}

export function exposingVariable(option: string): VaultError {
  return refused(
    `NODE_OPTIONS contains ${option}, which can expose tokens to others`,
    `unset NODE_OPTIONS, or remove ${option} from it`,
  );
}

export function exposingOption(option: string): VaultError {
  return refused(
    `Node was started with ${option}, which can expose tokens to others`,
    'run vault directly, not with node',
  );
}

export function tlsIgnored(): string {
  return 'NODE_TLS_REJECT_UNAUTHORIZED=0 is ignored: certificates are always checked; to trust your own CA, set NODE_EXTRA_CA_CERTS=/path/to/ca.pem';
}

function refused(message: string, hint: string): VaultError {
  return new VaultError('config_invalid', message, { hint });
}
