import { join } from 'node:path';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import type { Consumer } from './contract.js';
import { connectedFor } from './hosts.js';
import { helperProgram } from './programs.js';
import { hostToConnect } from './registries.js';

/*
 * Terraform's and OpenTofu's credentials helpers: https://developer.hashicorp.com/terraform/internals/credentials-helpers
 * A host without credentials is an empty object and no failure.
 */

export const terraform: Consumer = {
  programs: ['terraform', 'tofu'],
  helper: {
    verbs: ['get', 'store', 'forget'],
    async answer(call) {
      if (call.verb !== 'get')
        throw new VaultError(
          'usage',
          'the vault has tokens of its own, and stores and removes none for Terraform',
          {
            hint: `to see which hosts get one: ${command('connect')}`,
          },
        );
      const found = await connectedFor(call, call.words[0] ?? '');
      if (found === null) return call.print('{}\n');
      const { accessToken } = await call.token({ account: found.account });
      call.print(`${JSON.stringify({ token: accessToken.reveal() })}\n`);
    },
  },
  connect(request) {
    const { env, home, exists } = request;
    const host = hostToConnect('terraform', request, {}, 'terraform.example.com');
    // OpenTofu reads Terraform's file only where it has none of its own.
    const own = ['.terraformrc', '.tofurc'].map((name) => join(home, name));
    const named = env['TF_CLI_CONFIG_FILE'];
    const files = named ? [named] : own.filter((file, at) => at === 0 || exists(file));
    const program = join(home, '.terraform.d', 'plugins', 'terraform-credentials-vault');
    return {
      target: host,
      changes: [
        helperProgram(request, program, ['terraform']),
        ...files.map((file) => ({
          kind: 'lines' as const,
          file,
          comment: '#',
          lines: ['credentials_helper "vault" {', '}'],
          unless: /^[ \t]*credentials_helper\b.*/m,
          shared: true as const,
        })),
      ],
      notes: [`a credentials block for ${host}, and the variable TF_TOKEN_${variableOf(host)}, come first`],
    };
  },
};

/** As Terraform names it. */
function variableOf(host: string): string {
  return host.replaceAll('-', '__').replaceAll('.', '_');
}
