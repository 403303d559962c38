import type { Consumer } from './contract.js';
import type { MailClient } from './mail.js';

export interface ConsumerEntry {
  readonly name: string;
  /** What it is, in a few words. */
  readonly title: string;
  load(): Promise<Consumer>;
}

function mail(name: MailClient, title: string): ConsumerEntry {
  return { name, title, load: async () => (await import('./mail.js')).mailClient(name) };
}

/** All consumers, in the order of `vault connect`. Each is loaded when it is asked for. */
export const CONSUMERS: readonly ConsumerEntry[] = [
  { name: 'git', title: 'git over HTTPS', load: async () => (await import('./git.js')).git },
  { name: 'kubectl', title: 'Kubernetes clients', load: async () => (await import('./kubectl.js')).kubectl },
  { name: 'docker', title: 'container registries', load: async () => (await import('./docker.js')).docker },
  { name: 'google', title: "Google's libraries", load: async () => (await import('./google.js')).google },
  { name: 'mcp', title: 'MCP clients and servers', load: async () => (await import('./mcp.js')).mcp },
  { name: 'rclone', title: 'rclone with WebDAV', load: async () => (await import('./rclone.js')).rclone },
  { name: 'curl', title: 'curl', load: async () => (await import('./curl.js')).curl },
  { name: 'http', title: 'other HTTP clients', load: async () => (await import('./http.js')).http },
  {
    name: 'prometheus',
    title: 'scrapes of metrics',
    load: async () => (await import('./prometheus.js')).prometheus,
  },
  { name: 'aws', title: 'AWS command line and libraries', load: async () => (await import('./aws.js')).aws },
  { name: 'cargo', title: 'crate registries', load: async () => (await import('./cargo.js')).cargo },
  {
    name: 'terraform',
    title: 'Terraform and OpenTofu',
    load: async () => (await import('./terraform.js')).terraform,
  },
  { name: 'go', title: 'Go modules', load: async () => (await import('./go.js')).go },
  {
    name: 'pip',
    title: 'Python package indexes, also for uv',
    load: async () => (await import('./pip.js')).pip,
  },
  { name: 'npm', title: 'npm registries', load: async () => (await import('./npm.js')).npm },
  { name: 'pnpm', title: 'npm registries, for pnpm', load: async () => (await import('./pnpm.js')).pnpm },
  mail('neomutt', 'reading and sending mail'),
  mail('mutt', 'reading and sending mail'),
  mail('aerc', 'reading and sending mail'),
  mail('himalaya', 'reading and sending mail'),
  mail('meli', 'reading mail'),
  mail('mbsync', 'fetching mail'),
  mail('getmail', 'fetching mail'),
  mail('offlineimap', 'fetching mail'),
  mail('msmtp', 'sending mail'),
  mail('git-send-email', 'sending patches'),
];
