import { join } from 'node:path';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';
import type { ConnectRequest, Consumer, HelperCall, Plan } from './contract.js';

/*
 * Google's libraries take tokens in two ways. An account at Google: from a metadata server, services/token/metadata-server.ts.
 * Any other account that signs in to Google Cloud through a workload or workforce identity pool: from an executable, which they
 * run for an id_token, https://google.aip.dev/auth/4117. Some of them read stderr as if it were stdout.
 */

const TYPES = 'urn:ietf:params:oauth:token-type';
const ID_TOKEN = `${TYPES}:id_token`;
/** The same field of the answer; here it is the access token, for providers whose access tokens are JWTs. */
const JWT = `${TYPES}:jwt`;

/** The least time that the libraries allow is 5 seconds; a refresh may take longer. */
const TIMEOUT = 60_000;

export const google: Consumer = {
  programs: ['gcloud'],
  helper: {
    verbs: [],
    keepsStderrEmpty: true,
    async answer(call) {
      requireSameAudience(call);
      const type = typeAsked(call);
      const { accessToken, account } = await call.token({ idToken: type === ID_TOKEN });
      const end = account.expiresAt === null ? undefined : Math.floor(account.expiresAt / 1000);
      print(call, {
        success: true,
        token_type: type,
        id_token: accessToken.reveal(),
        expiration_time: end,
      });
    },
    failure({ code, message, hint }, call) {
      const next = hint === undefined ? '' : `; ${hint.split('\n').join('; ')}`;
      print(call, { success: false, code, message: `${message}${next}` });
      return { exitCode: 0, silent: true };
    },
  },
  connect: (request) => (request.target === null ? metadataServer(request) : executable(request)),
};

function metadataServer({ account }: ConnectRequest): Plan {
  return {
    changes: [
      {
        kind: 'shown',
        where: "start a program that uses Google's libraries with",
        lines: [command(`exec ${quoted(account)} --as-metadata-server google -- PROGRAM`)],
      },
    ],
    notes: [
      'the program gets a new token when one ends; set GOOGLE_CLOUD_PROJECT if it needs a project',
      'credentials that gcloud has stored come first: gcloud auth application-default revoke',
      `if ${account} signs in through an identity pool, name its provider there: ${command(`connect google ${quoted(account)} --for //iam.googleapis.com/AUDIENCE`)}`,
    ],
  };
}

function executable(request: ConnectRequest): Plan {
  const { account, self, folder } = request;
  const audience = audienceOf(request);
  const words = [...self, 'helper', 'google', account, '--for', audience];
  const unsplit = words.find((word) => /[\s"'\\]/.test(word));
  // The libraries split the command at spaces, and each reads quotes in its own way.
  if (unsplit !== undefined)
    throw new VaultError(
      'usage',
      `Google's libraries cannot run a command that contains ${quoted(unsplit)}`,
      {
        hint:
          unsplit === account ? command(`rename ${quoted(account)} NAME`) : 'its path must have no spaces',
      },
    );
  const file = join(folder, 'google', `${account.replace(/[^\w.-]/g, '-')}.json`);
  return {
    target: audience,
    changes: [
      {
        kind: 'json',
        file,
        path: [],
        value: {
          type: 'external_account',
          audience,
          subject_token_type: ID_TOKEN,
          token_url: 'https://sts.googleapis.com/v1/token',
          credential_source: { executable: { command: words.join(' '), timeout_millis: TIMEOUT } },
        },
        indent: '  ',
      },
    ],
    notes: [
      'the file holds no secret. To use it, start the program with both variables:',
      `export GOOGLE_APPLICATION_CREDENTIALS=${quoted(file)} GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES=1`,
    ],
  };
}

const POOL =
  /^\/\/iam\.googleapis\.com\/(?:projects\/\d+\/)?locations\/[\w-]+\/work(?:load|force)\w*Pools\/[\w-]+\/providers\/[\w-]+$/;

/** @throws VaultError `usage` */
function audienceOf({ account, target }: ConnectRequest): string {
  const audience = (target ?? '').replace(/^(?:https:)?(?:\/\/)?(?=iam\.)/, '//');
  if (POOL.test(audience)) return audience;
  throw new VaultError('usage', '--for takes the provider of an identity pool at Google Cloud', {
    hint: command(
      `connect google ${quoted(account)} --for //iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`,
    ),
  });
}

/** @throws VaultError `usage` */
function requireSameAudience({ env, target }: HelperCall): void {
  const asked = env['GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE'];
  if (target === null || !asked || asked === target) return;
  throw new VaultError('usage', `no token for ${asked}, because this account was connected for ${target}`, {
    hint: command('connect google --help'),
  });
}

/** @throws VaultError `usage` */
function typeAsked({ env }: HelperCall): string {
  if (env['GOOGLE_EXTERNAL_ACCOUNT_REVOKE'] === '1')
    throw new VaultError('usage', "Google's libraries cannot end a grant of the vault", {
      hint: command('revoke --help'),
    });
  const asked = env['GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE'] || ID_TOKEN;
  if (asked === ID_TOKEN || asked === JWT) return asked;
  throw new VaultError('usage', `the vault has no tokens of the type ${asked}`, {
    hint: `set subject_token_type to ${ID_TOKEN}`,
  });
}

function print(call: HelperCall, answer: object): void {
  call.print(`${JSON.stringify({ version: 1, ...answer })}\n`);
}
