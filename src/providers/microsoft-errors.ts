import type { ErrorFacts } from './contract.js';

/**
 * What Microsoft's `suberror` and AADSTS numbers mean. The numbers refine, they do not decide alone: Microsoft
 * asks to go by `error` first, as codes and texts may change.
 * Source: https://learn.microsoft.com/entra/identity-platform/reference-error-codes; the words are those which
 * Microsoft's own library treats as "interaction required".
 */
export const microsoftErrors: ErrorFacts = {
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
