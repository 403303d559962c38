type Environment = Readonly<Record<string, string | undefined>>;

/** What identifies this program to a provider, and may be secret. */
const CLIENT_SETTING = /_CLIENT_(ID|SECRET)$|_TENANT_ID$|_OAUTH_URL$|^OAUTH_REDIRECT_URI$/;

/** What says where a provider is. */
export const PLACE_VARIABLES = ['MICROSOFT_TENANT_ID', 'GITLAB_OAUTH_URL', 'SALESFORCE_OAUTH_URL'] as const;

/** Whether a variable is an OAuth client's id or secret, or is set together with them. */
export function isClientSetting(name: string): boolean {
  return CLIENT_SETTING.test(name);
}

/** The variables for the client of a provider. */
export function clientVariables(provider: string): { readonly id: string; readonly secret: string } {
  const own = provider.toUpperCase().replace(/[^A-Z0-9]/g, '_');
  return { id: `${own}_CLIENT_ID`, secret: `${own}_CLIENT_SECRET` };
}

/** The environment of a child process: ours without client settings, which the user's other programs could read there. */
export function childEnv(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isClientSetting(name)));
}
