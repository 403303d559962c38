import type { Provider } from './contract.js';
import { google } from './google.js';

const READ_CHANNEL = 'https://www.googleapis.com/auth/youtube.readonly';

/**
 * YouTube: Google's endpoints, but a token belongs to the channel picked at consent, and one Google account may have
 * several. So the identity is the Google account together with the channel. Source:
 * https://developers.google.com/youtube/v3/guides/auth/installed-apps and /v3/docs/channels/list.
 */
export const youtube: Provider = {
  ...google,
  name: 'youtube',
  title: 'YouTube',
  client: {
    ...google.client,
    idVariables: ['YOUTUBE_CLIENT_ID', 'GOOGLE_CLIENT_ID'],
    secretVariables: ['YOUTUBE_CLIENT_SECRET', 'GOOGLE_CLIENT_SECRET'],
    registrationSteps: [
      'Register a client as for Google; the same client serves both.',
      'Enable "YouTube Data API v3" for its project at https://console.cloud.google.com/apis/library/youtube.googleapis.com.',
    ],
  },
  redirect: { ...google.redirect, path: '/callback/youtube' },
  scopes: ['openid', 'email', READ_CHANNEL],
  requiredScopes: ['openid', 'email', READ_CHANNEL],
  identity: {
    from: 'request',
    request: { url: 'https://www.googleapis.com/youtube/v3/channels?part=id,snippet&mine=true', headers: {} },
    subject: ['id_token.sub', 'items.0.id'],
    // Two channels of one person share the address, so the channel's handle makes the label.
    email: [],
    name: ['items.0.snippet.customUrl', 'items.0.snippet.title'],
    details: {
      google_account: 'id_token.email',
      channel_id: 'items.0.id',
      channel_title: 'items.0.snippet.title',
    },
  },
  mail: null,
  notes: [
    'A token belongs to the one channel you pick while logging in; log in once for each channel.',
    'youtube.readonly is always requested, because it shows which channel a login is for.',
    ...google.notes,
  ],
  documented: {
    source: 'https://developers.google.com/youtube/v3/guides/auth/installed-apps',
    read: '2026-11',
    tried: false,
    topics: ['video'],
    accessToken: '1 hour',
    refreshToken: '6 months without use',
    rotates: 'no',
  },
};
