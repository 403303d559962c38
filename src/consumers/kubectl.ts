import { VaultError } from '../domain/errors.js';
import type { Consumer, HelperCall } from './contract.js';

/*
 * client-go's credential plugins: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
 * A client keeps the token until its end, to the second, and runs the plugin once more after a 401.
 */

const API = 'client.authentication.k8s.io';
const VERSIONS = [`${API}/v1`, `${API}/v1beta1`];
/** Clients before 1.22 know no v1, and its `interactiveMode` neither. */
const CONFIGURED = `${API}/v1beta1`;

/** Before the token's end, in milliseconds: a request on its way must not arrive too late. */
const MARGIN = 10_000;

export const kubectl: Consumer = {
  programs: ['kubectl', 'oc', 'k9s', 'helm'],
  helper: {
    verbs: [],
    runsAgain: true,
    async answer(call) {
      const apiVersion = versionAsked(call);
      const { accessToken, account } = await call.token();
      const end = account.expiresAt === null ? null : new Date(account.expiresAt - MARGIN);
      const expirationTimestamp = end?.toISOString().replace(/\.\d+Z$/, 'Z');
      const status = { token: accessToken.reveal(), expirationTimestamp };
      call.print(`${JSON.stringify({ kind: 'ExecCredential', apiVersion, status })}\n`);
    },
  },
  connect({ account, idToken, self, env, home }) {
    const user = account.replace('/', '-');
    const [program = '', ...args] = [
      ...self,
      ...['helper', 'kubectl', account, ...(idToken ? ['--id-token'] : [])],
    ];
    const words = [
      `--exec-api-version=${CONFIGURED}`,
      `--exec-command=${program}`,
      ...args.map((word) => `--exec-arg=${word}`),
    ];
    return {
      changes: [
        {
          kind: 'commands',
          run: [['kubectl', 'config', 'set-credentials', user, ...words]],
          undo: [['kubectl', 'config', 'delete-user', user]],
          files: [env['KUBECONFIG']?.split(':').find((path) => path !== '') ?? `${home}/.kube/config`],
        },
      ],
      notes: [`to use it in a context: kubectl config set-context --current --user=${user}`],
    };
  },
};

/** The version in which the client wants the answer; it refuses any other. */
function versionAsked({ env }: HelperCall): string {
  const info = env['KUBERNETES_EXEC_INFO'];
  if (info === undefined) return CONFIGURED;
  const asked = /"apiVersion"\s*:\s*"([^"]*)"/.exec(info)?.[1];
  const found = VERSIONS.find((version) => version === asked);
  if (found !== undefined) return found;
  throw new VaultError(
    'usage',
    `this helper speaks ${VERSIONS.join(' and ')}, and was asked for another version`,
    {
      hint: `in your kubeconfig, set apiVersion of the user to ${CONFIGURED}`,
    },
  );
}
