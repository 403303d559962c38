import type { Importer, Refusal } from './contract.js';

export interface ImporterEntry {
  readonly name: string;
  /** The tool, as its users call it. */
  readonly title: string;
  load(): Promise<Importer | Refusal>;
}

/** All tools, in the order of `vault import`. Each is loaded when it is asked for. */
export const IMPORTERS: readonly ImporterEntry[] = [
  {
    name: 'mutt-oauth2',
    title: 'mutt_oauth2.py',
    load: async () => (await import('./mutt-oauth2.js')).muttOauth2,
  },
  { name: 'oama', title: 'oama', load: async () => (await import('./oama.js')).oama },
  {
    name: 'email-oauth2-proxy',
    title: 'email-oauth2-proxy',
    load: async () => (await import('./emailproxy.js')).emailproxy,
  },
  { name: 'pizauth', title: 'pizauth', load: async () => (await import('./pizauth.js')).pizauth },
  { name: 'ortie', title: 'ortie', load: async () => (await import('./ortie.js')).ortie },
  { name: 'oidc-agent', title: 'oidc-agent', load: async () => (await import('./oidc-agent.js')).oidcAgent },
  { name: 'rclone', title: 'rclone', load: async () => (await import('./rclone.js')).rclone },
  {
    name: 'google-auth',
    title: "Google's libraries",
    load: async () => (await import('./google-auth.js')).googleAuth,
  },
  { name: 'gogcli', title: 'gogcli', load: async () => (await import('./gogcli.js')).gogcli },
  { name: 'gcalcli', title: 'gcalcli', load: async () => (await import('./oauth2client.js')).gcalcli },
  { name: 'goobook', title: 'goobook', load: async () => (await import('./oauth2client.js')).goobook },
  {
    name: 'git-credential-oauth',
    title: 'git-credential-oauth',
    load: async () => (await import('./git-credential-oauth.js')).gitCredentialOauth,
  },
  { name: 'gcloud', title: 'gcloud', load: async () => (await import('./refusals.js')).gcloud },
  { name: 'gh', title: 'gh', load: async () => (await import('./refusals.js')).gh },
  { name: 'az', title: 'the Azure CLI', load: async () => (await import('./refusals.js')).az },
  { name: 'kubelogin', title: 'kubelogin', load: async () => (await import('./refusals.js')).kubelogin },
  { name: 'aws-sso', title: 'aws sso', load: async () => (await import('./refusals.js')).awsSso },
];
