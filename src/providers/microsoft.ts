import { VaultError } from '../domain/errors.js';
import type { Endpoints, ErrorFacts, Provider } from './contract.js';

const HOST = 'https://login.microsoftonline.com';
const GUID = '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}';
const DOMAIN = '(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+[A-Za-z]{2,63}';

/** The tenant of all personal accounts. */
const PERSONAL_TENANT = '9188040d-6c67-4c5b-b112-36a304b66dad';

/**
 * Microsoft Entra ID (v2 endpoints), with a public client on the platform "Mobile and desktop applications".
 * Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow and /reply-url.
 *
 * @param tenant `common`, `organizations`, `consumers`, a tenant's GUID or one of its domains
 * @throws VaultError `config_invalid` when it is none of these
 */
export function microsoft(tenant: string): Provider {
  if (!new RegExp(`^(?:common|organizations|consumers|${GUID}|${DOMAIN})$`).test(tenant)) {
    throw new VaultError('config_invalid', 'MICROSOFT_TENANT_ID is not a tenant of Microsoft Entra', {
      hint: 'set it to common, organizations or consumers, or to the ID or domain of your tenant, such as contoso.onmicrosoft.com',
    });
  }
  const { issuer, issuerTemplate } = issuerOf(tenant);
  return {
    ...shared,
    issuer,
    issuerTemplate,
    endpoints: endpointsOf(tenant),
    mail: mailOf(tenant),
    manageUrl:
      tenant === 'consumers' ? 'https://account.live.com/consent/Manage' : 'https://myapps.microsoft.com',
  };
}

/**
 * The issuer in the metadata of `common` and `organizations` contains the literal `{tenantid}`, which is replaced by the
 * id_token's `tid` before the comparison. So is that of a domain, whose tenant id only Microsoft knows.
 */
function issuerOf(tenant: string): Pick<Provider, 'issuer' | 'issuerTemplate'> {
  if (tenant === 'consumers') return { issuer: `${HOST}/${PERSONAL_TENANT}/v2.0`, issuerTemplate: false };
  if (new RegExp(`^${GUID}$`).test(tenant)) {
    return { issuer: `${HOST}/${tenant.toLowerCase()}/v2.0`, issuerTemplate: false };
  }
  return { issuer: `${HOST}/{tenantid}/v2.0`, issuerTemplate: true };
}

function endpointsOf(tenant: string): Endpoints {
  const base = `${HOST}/${tenant}/oauth2/v2.0`;
  return {
    authorization: `${base}/authorize`,
    token: `${base}/token`,
    revocation: null,
    deviceAuthorization: `${base}/devicecode`,
    userinfo: 'https://graph.microsoft.com/oidc/userinfo',
  };
}

/**
 * Source: https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth.
 * Submission has no port for TLS from the start.
 */
function mailOf(tenant: string): Provider['mail'] {
  const host = 'outlook.office365.com';
  const smtp = tenant === 'consumers' ? 'smtp-mail.outlook.com' : 'smtp.office365.com';
  return {
    imap: { host, port: 993, scopes: mailScopes('IMAP.AccessAsUser.All') },
    smtp: { host: smtp, port: 587, scopes: mailScopes('SMTP.Send') },
    pop: { host, port: 995, scopes: mailScopes('POP.AccessAsUser.All') },
  };
}

/** Both names of the resource are in use; `.default` is that of an application without a user. */
function mailScopes(name: string): readonly string[] {
  const resources = ['https://outlook.office.com', 'https://outlook.office365.com'];
  return [name, '.default'].flatMap((scope) => resources.map((resource) => `${resource}/${scope}`));
}

/**
 * Microsoft's `suberror` values and AADSTS numbers. The numbers only refine `error`, because Microsoft may change them.
 * Source: https://learn.microsoft.com/entra/identity-platform/reference-error-codes; the `suberror` values are those that
 * Microsoft's own library treats as "interaction required".
 */
const errors: ErrorFacts = {
  loginNeeded: [
    'interaction_required',
    'consent_required',
    'login_required',
    'bad_token',
    'message_only',
    'additional_action',
    'basic_action',
    'user_password_expired',
    // The refresh token is expired, revoked or of another sign-in.
    'AADSTS50173',
    'AADSTS700082',
    'AADSTS70008',
    'AADSTS700084',
    'AADSTS70043',
    'AADSTS70000',
    'AADSTS50085',
    'AADSTS50089',
    'AADSTS50132',
    'AADSTS50133',
    // A second factor is due.
    'AADSTS50072',
    'AADSTS50074',
    'AADSTS50076',
    'AADSTS50078',
    'AADSTS50079',
    // The password has expired.
    'AADSTS50055',
    'AADSTS50144',
    // Consent is missing or was declined; the code was used already.
    'AADSTS65001',
    'AADSTS65004',
    'AADSTS54005',
  ],
  configuration: [
    // No such client, or none in this tenant.
    'AADSTS700016',
    'AADSTS50194',
    'AADSTS50020',
    'AADSTS16000',
    // Public and confidential clients mixed up: a secret missing, forbidden, wrong or expired.
    'AADSTS7000218',
    'AADSTS700025',
    'AADSTS70002',
    'AADSTS7000215',
    'AADSTS7000222',
    // The redirect URI, its platform, or PKCE.
    'AADSTS50011',
    'AADSTS9002327',
    'AADSTS501481',
    // Scopes and permissions that the registration does not have.
    'AADSTS70001',
    'AADSTS70011',
    'AADSTS28002',
    'AADSTS65002',
    'AADSTS650056',
    'AADSTS650057',
  ],
  policy: [
    // Conditional access.
    'AADSTS53000',
    'AADSTS53001',
    'AADSTS53002',
    'AADSTS53003',
    'AADSTS53004',
    'AADSTS530035',
    'AADSTS50005',
    // The account is disabled or not assigned; an administrator has to consent.
    'AADSTS50057',
    'AADSTS50105',
    'AADSTS90094',
  ],
  transient: ['AADSTS50033', 'AADSTS50087', 'AADSTS50088', 'AADSTS70012', 'AADSTS90033', 'AADSTS50196'],
};

const shared: Omit<Provider, 'issuer' | 'issuerTemplate' | 'endpoints' | 'mail' | 'manageUrl'> = {
  name: 'microsoft',
  title: 'Microsoft',
  pkce: true,
  clientAuth: 'none',
  tokenBody: 'form',
  headers: {},
  client: {
    idVariables: ['MICROSOFT_CLIENT_ID'],
    secretVariables: ['MICROSOFT_CLIENT_SECRET'],
    secret: 'optional',
    tenant: {
      variable: 'MICROSOFT_TENANT_ID',
      usual: 'common',
      what: 'common, organizations, consumers, or the ID or domain of your tenant',
    },
    authWithSecret: 'post',
    idPattern: GUID,
    idExample: '00000000-0000-0000-0000-000000000000',
    registrationUrl: 'https://entra.microsoft.com/#view/Microsoft_AAD_RegisteredApps/ApplicationsListBlade',
    registrationSteps: [
      'Open https://entra.microsoft.com, "App registrations", and press "New registration".',
      'Supported account types: "Accounts in any organizational directory and personal Microsoft accounts"; for one tenant only, also set MICROSOFT_TENANT_ID to its Directory (tenant) ID.',
      'Redirect URI: platform "Public client/native (mobile & desktop)", value http://localhost without port or path. Not "Single-page application", and not "Web". Press "Register".',
      'Under "Authentication" (in newer portals its "Settings" tab) set "Allow public client flows" to "Yes" and save.',
      'Under "API permissions" add the delegated permissions you will ask for.',
      'Copy the Application (client) ID from "Overview". Create no client secret: Microsoft refuses one from this kind of client.',
    ],
  },
  // Microsoft accepts any port only for the name localhost, and the path must match the registered one.
  redirect: { host: 'localhost', port: 0, path: '' },
  scopes: ['openid', 'profile', 'email', 'offline_access'],
  requiredScopes: ['openid', 'profile', 'email', 'offline_access'],
  scopeSeparator: ' ',
  scopeAliases: {},
  scopesNotEchoed: ['openid', 'profile', 'email', 'offline_access'],
  authorizeParams: {},
  reconsentParams: {},
  refreshParams: {},
  resend: 'once',
  identity: {
    from: 'id_token',
    request: null,
    subject: ['tid', 'oid'],
    email: ['email', 'preferred_username'],
    name: ['name'],
    details: { tenant_id: 'tid' },
  },
  revocation: { style: 'none', alreadyGone: [], caution: null },
  errors,
  grantLimits: [
    { days: 90, from: 'use', until: null, reason: 'Microsoft ends it after 90 days without use' },
  ],
  // https://learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code and /reference-error-codes.
  device: { scopes: null, client: '"Allow public client flows" set to "Yes"', ownClient: false },
  deadEnds: [
    {
      shows: 'AADSTS50011',
      means:
        'the redirect URI http://localhost is not registered on the platform "Mobile and desktop applications"',
    },
    { shows: '"Need admin approval"', means: 'an administrator has to consent to these permissions first' },
    {
      shows: 'AADSTS50020 or AADSTS700016',
      means:
        'this kind of account may not use the client; see its "Supported account types" and MICROSOFT_TENANT_ID',
    },
  ],
  notes: [
    'Microsoft cannot revoke a single grant: revoking removes the account here, and the grant itself stays until you remove it at https://myapps.microsoft.com (work or school) or https://account.live.com/consent/Manage (personal).',
    'An access token is for one resource: ask for Graph and for Outlook scopes in two logins, with two names (--as).',
    'Full names of mail scopes: https://outlook.office.com/IMAP.AccessAsUser.All, …/POP.AccessAsUser.All, …/SMTP.Send.',
    'Leave MICROSOFT_CLIENT_SECRET unset, unless your client is registered on the platform "Web": then the secret is needed and sent.',
    'A refresh token ends after 90 days without use, and when the password changes.',
    'A device login works with the same client; some organisations forbid it by conditional access.',
  ],
  documented: {
    source: 'https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow',
    read: '2026-11',
    tried: false,
    topics: ['mail', 'calendar', 'files', 'office', 'azure'],
    accessToken: 'about 1 hour',
    refreshToken: '90 days without use',
    rotates: 'yes',
  },
};
