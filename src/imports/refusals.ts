import { isAbsolute, join } from 'node:path';
import type { Place, Refusal } from './contract.js';
import { configFolder, existing } from './reading.js';

/*
 * Tools whose tokens were issued to a client of their own. A refresh token works only with its client (RFC 6749 §6), and other
 * programs' clients are not used here.
 */

function inFolder(place: Place, folder: string, ending: string): readonly string[] {
  return place.names(folder).some((name) => name.endsWith(ending)) ? [folder] : [];
}

export const gcloud: Refusal = {
  find: (place) =>
    existing(place, [
      join(place.env['CLOUDSDK_CONFIG'] || join(configFolder(place), 'gcloud'), 'credentials.db'),
    ]),
  why: "its tokens belong to gcloud's own client",
  instead: [
    ['to log in to Google with a client of your own', 'setup google'],
    ["for programs that use Google's libraries", 'connect google'],
  ],
};

export const gh: Refusal = {
  find: (place) =>
    existing(place, [join(place.env['GH_CONFIG_DIR'] || join(configFolder(place), 'gh'), 'hosts.yml')]),
  why: "its token belongs to gh's own client and has no refresh token",
  instead: [
    ['to log in to GitHub with a client of your own', 'setup github'],
    ['for git', 'connect git'],
  ],
};

export const az: Refusal = {
  find: (place) =>
    existing(
      place,
      ['msal_token_cache.json', 'msal_token_cache.bin'].map((name) =>
        join(place.env['AZURE_CONFIG_DIR'] || join(place.home, '.azure'), name),
      ),
    ),
  why: "its tokens belong to the Azure CLI's own client",
  instead: [['to log in to Microsoft with a client of your own', 'setup microsoft']],
};

export const kubelogin: Refusal = {
  find: (place) => inFolder(place, join(place.home, '.kube', 'cache', 'oidc-login'), ''),
  why: 'its cache does not say to which server and client a token belongs; both are in the kubeconfig',
  instead: [
    ['to log in to the same server', 'setup work --issuer URL --client-id ID'],
    ['then, for kubectl', 'connect kubectl work --id-token'],
  ],
};

export const awsSso: Refusal = {
  find: (place) => inFolder(place, awsCache(place), '.json'),
  why: 'its tokens belong to a client that the AWS command line registered for itself on this machine',
  instead: [['for the AWS command line with a login of your own', 'connect aws']],
};

function awsCache({ env, home }: Place): string {
  const config = env['AWS_CONFIG_FILE'] ?? '';
  return join(isAbsolute(config) ? join(config, '..') : join(home, '.aws'), 'sso', 'cache');
}
