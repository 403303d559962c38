import { join } from 'node:path';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { programName } from '../domain/invocation.js';
import type { Consumer, HelperCall } from './contract.js';
import { connectedFor, hostOf } from './hosts.js';
import { helperProgram, userProgram } from './programs.js';
import { hostToConnect, usernameFor } from './registries.js';

/*
 * docker-credential-helpers: https://github.com/docker/docker-credential-helpers#development
 * docker, podman and others run `docker-credential-vault VERB`, write a server to stdin, and read errors on stdout too.
 */

/** Google's registries have a host per region. */
const USUAL = { github: 'ghcr.io', gitlab: 'registry.gitlab.com' };

/** Programs compare it to know that there is a credential to ask elsewhere for. */
const NOT_FOUND = 'credentials not found in native keychain';

export const docker: Consumer = {
  programs: ['docker', 'podman', 'buildah', 'skopeo'],
  helper: {
    verbs: ['get', 'list', 'store', 'erase', 'version'],
    async answer(call) {
      switch (call.verb) {
        case 'get':
          return get(call);
        case 'list':
          return call.print(`${JSON.stringify(await servers(call))}\n`);
        case 'version':
          return call.print('docker-credential-vault (token-vault)\n');
      }
      const what = call.verb === 'store' ? 'needs no docker login' : 'is not logged out by docker';
      throw new VaultError('usage', `a registry that vault is connected for ${what}`, {
        hint: command('connect docker'),
      });
    },
    failure({ message, hint }, call) {
      const next = hint === undefined ? '' : `; ${hint.split('\n').join('; ')}`;
      const text = message === NOT_FOUND ? message : `${programName()}: ${message}${next}`;
      call.print(`${text}\n`);
      // docker does not show the stdout of a helper when it continues without a credential.
      if (message !== NOT_FOUND) call.say(text);
      return { exitCode: 1, silent: true };
    },
  },
  connect(request) {
    const { env, home } = request;
    const host = hostToConnect('docker', request, USUAL, 'europe-docker.pkg.dev');
    const { file, notes } = userProgram(request, 'docker-credential-vault');
    return {
      target: host,
      changes: [
        helperProgram(request, file, ['docker']),
        {
          kind: 'json',
          file: join(env['DOCKER_CONFIG'] || join(home, '.docker'), 'config.json'),
          path: ['credHelpers', host],
          value: 'vault',
          indent: '\t',
        },
      ],
      notes: [...notes, `to try it: echo ${host} | docker-credential-vault list`],
    };
  },
};

async function get(call: HelperCall): Promise<void> {
  const server = await firstLine(call);
  const host = hostOf(server);
  const found = await connectedFor(call, server);
  if (host === null || found === null) throw new VaultError('account_not_found', NOT_FOUND);
  const { accessToken } = await call.token({ account: found.account });
  const answer = { ServerURL: server, Username: usernameFor(host), Secret: accessToken.reveal() };
  call.print(`${JSON.stringify(answer)}\n`);
}

async function firstLine(call: HelperCall): Promise<string> {
  for await (const line of call.lines()) return line.trim();
  return '';
}

async function servers(call: HelperCall): Promise<Record<string, string>> {
  const hosts = (await call.connected()).flatMap(({ target }) => hostOf(target) ?? []);
  return Object.fromEntries(hosts.map((host) => [`https://${host}`, usernameFor(host)]));
}
