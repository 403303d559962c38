/** What identifies this program to a provider, and may be secret. */
const CLIENT_SETTING = /_CLIENT_(ID|SECRET)$|_TENANT_ID$|^OAUTH_REDIRECT_URI$/;

/** Whether an environment variable is a client's id or secret, or goes with them. */
export function isClientSetting(name: string): boolean {
  return CLIENT_SETTING.test(name);
}
