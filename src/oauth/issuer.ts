const TENANT = '{tenantid}';
const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether an issuer stands for many, one per tenant, as Entra's `common` does. */
export function isIssuerTemplate(issuer: string): boolean {
  return issuer.includes(TENANT);
}

/**
 * The issuer of one tenant.
 *
 * @returns null when the tenant is not a GUID, so that nothing but a GUID is ever put into an issuer
 */
export function issuerOfTenant(template: string, tenant: unknown): string | null {
  return typeof tenant === 'string' && GUID.test(tenant) ? template.replace(TENANT, tenant) : null;
}

/** Simple string comparison (RFC 9207 §2.4); of a template every tenant's issuer is one. */
export function isIssuer(expected: string, actual: string): boolean {
  if (!isIssuerTemplate(expected)) return actual === expected;
  const [before, after] = expected.split(TENANT) as [string, string];
  const tenant = actual.slice(before.length, actual.length - after.length);
  return issuerOfTenant(expected, tenant) === actual;
}
