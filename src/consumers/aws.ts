import { join } from 'node:path';
import { MINUTE } from '../domain/duration.js';
import { VaultError } from '../domain/errors.js';
import { command, loginCommand } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';
import type { ValidToken } from '../domain/valid-token.js';
import type { Consumer, Exchange, HelperCall } from './contract.js';

/*
 * credential_process of the AWS command line and libraries: https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
 * The credentials come from AssumeRoleWithWebIdentity of the AWS Security Token Service, which takes an access token or an id_token:
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
 */

const ROLE = /^arn:(aws[a-z-]*):iam::\d{12}:role\/[\w+=,.@/-]+$/;

/** The command line of AWS asks again 15 minutes before the end, and fails if the answer ends within ten. */
const MARGIN = 15 * MINUTE;

interface Credentials {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly SessionToken: string;
  /** RFC 3339. */
  readonly Expiration: string;
}

export const aws: Consumer = {
  programs: ['aws', 'eksctl', 'sam', 'cdk'],
  helper: {
    verbs: [],
    async answer(call) {
      const { role, partition } = roleOf(call.target);
      const [valid, exchange] = [await call.token(), await call.exchange()];
      const kept = exchange.readKept(valid);
      const credentials = kept === null ? null : (JSON.parse(kept) as Credentials);
      const isGood = credentials !== null && Date.parse(credentials.Expiration) - exchange.now() > MARGIN;
      const given = isGood ? credentials : await assume(exchange, valid, role, endpoint(call.env, partition));
      if (!isGood) exchange.keep(valid, JSON.stringify(given));
      call.print(`${JSON.stringify({ Version: 1, ...given })}\n`);
    },
  },
  connect({ account, idToken, target, self, env, home }) {
    const { role } = roleOf(target, account);
    const profile = account.replace(/[^\w.-]/g, '-');
    const words = [...self, 'helper', 'aws', account, '--for', role, ...(idToken ? ['--id-token'] : [])];
    return {
      changes: [
        {
          kind: 'lines',
          file: env['AWS_CONFIG_FILE'] || join(home, '.aws', 'config'),
          comment: '#',
          lines: [`[profile ${profile}]`, `credential_process = ${words.map(quoted).join(' ')}`],
          unless: new RegExp(`^\\[profile ${profile.replaceAll('.', '\\.')}\\]`, 'm'),
        },
      ],
      notes: [`to try it: aws --profile ${profile} sts get-caller-identity`],
    };
  },
};

/** @throws VaultError `usage` */
function roleOf(target: string | null, account = 'work') {
  const partition = ROLE.exec(target ?? '')?.[1];
  if (target !== null && partition !== undefined) return { role: target, partition };
  throw new VaultError('usage', 'the role at AWS that the account assumes is missing', {
    hint: command(`connect aws ${quoted(account)} --for arn:aws:iam::123456789012:role/NAME`),
  });
}

async function assume(
  { post }: Exchange,
  valid: ValidToken,
  role: string,
  url: string,
): Promise<Credentials> {
  const { account, accessToken } = valid;
  const { status, body } = await post(url, {
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: role,
    RoleSessionName: account.label
      .replace(/[^\w+=,.@-]/g, '-')
      .slice(0, 64)
      .padEnd(2, '-'),
    WebIdentityToken: accessToken.reveal(),
  });
  const [AccessKeyId, SecretAccessKey, SessionToken, Expiration] = [
    'AccessKeyId',
    'SecretAccessKey',
    'SessionToken',
    'Expiration',
  ].map((name) => elementOf(body, name));
  if (status === 200 && AccessKeyId && SecretAccessKey && SessionToken && Expiration)
    return { AccessKeyId, SecretAccessKey, SessionToken, Expiration };
  if (status >= 500 || status === 429)
    throw new VaultError('provider_unavailable', `AWS answered with status ${status}`, {
      hint: 'try again later',
    });
  const why = [elementOf(body, 'Code'), elementOf(body, 'Message')]
    .filter((each) => each !== null)
    .join(': ');
  throw new VaultError(
    'client_refused',
    `AWS does not let ${account.provider}/${account.label} assume ${role}: ${(why || `status ${status}`).replaceAll(accessToken.reveal(), '[token]')}`,
    {
      hint: `see the trust policy of the role, and the identity provider in IAM; or log in again: ${loginCommand(account)}`,
    },
  );
}

/** The settings of the command line of AWS. Without a region the global endpoint answers. */
function endpoint(env: HelperCall['env'], partition: string): string {
  const own = env['AWS_ENDPOINT_URL_STS'];
  if (own) return own;
  const region = env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || '';
  const domain = partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  return /^[a-z\d-]+$/.test(region) ? `https://sts.${region}.${domain}/` : `https://sts.${domain}/`;
}

/** The answer is XML without attributes or nested elements of these names. */
function elementOf(xml: string, name: string): string | null {
  const text = new RegExp(`<${name}>([^<]+)</${name}>`).exec(xml)?.[1];
  return text?.replace(/&(lt|gt|quot|apos|amp);/g, (_, entity: string) => ENTITIES[entity] ?? '') ?? null;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
