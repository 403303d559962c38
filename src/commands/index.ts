import type { Command } from './spec.js';

/** The groups of the help, in its order. */
export const GROUPS = ['Start', 'Tokens', 'Accounts', 'Unattended', 'Monitoring', 'Vault'] as const;

/** A command, with what the help needs to know of it without loading it. */
export interface CommandEntry {
  readonly name: string;
  readonly group: (typeof GROUPS)[number];
  readonly summary: string;
  /** What it does cannot be undone, so it is not suggested for a word that is only similar. */
  readonly destructive?: boolean;
  load(): Promise<Command>;
}

/** All commands, in the order of the help. Each is loaded when it is asked for. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'setup',
    group: 'Start',
    summary: 'set up a provider, step by step',
    load: async () => (await import('./setup.js')).setup,
  },
  {
    name: 'demo',
    group: 'Start',
    summary: 'show how vault works, without an account at a provider',
    load: async () => (await import('./demo.js')).demo,
  },
  {
    name: 'login',
    group: 'Start',
    summary: 'log in to a provider in the browser',
    load: async () => (await import('./login.js')).login,
  },
  {
    name: 'import',
    group: 'Start',
    summary: 'take over the logins of other tools',
    load: async () => (await import('./import.js')).importCommand,
  },
  {
    name: 'token',
    group: 'Tokens',
    summary: 'print a valid access token',
    load: async () => (await import('./token.js')).token,
  },
  {
    name: 'exec',
    group: 'Tokens',
    summary: 'run a program with a valid access token in its environment',
    load: async () => (await import('./exec.js')).exec,
  },
  {
    name: 'connect',
    group: 'Tokens',
    summary: 'let git, kubectl and other programs use the vault',
    load: async () => (await import('./connect.js')).connect,
  },
  {
    name: 'helper',
    group: 'Tokens',
    summary: 'what git, kubectl and others run to get a token',
    load: async () => (await import('./helper.js')).helper,
  },
  {
    name: 'check',
    group: 'Tokens',
    summary: 'log in to a mail server with a token, and say what fails',
    load: async () => (await import('./check.js')).check,
  },
  {
    name: 'list',
    group: 'Accounts',
    summary: 'list the accounts',
    load: async () => (await import('./list.js')).list,
  },
  {
    name: 'show',
    group: 'Accounts',
    summary: 'show one account',
    load: async () => (await import('./show.js')).show,
  },
  {
    name: 'rename',
    group: 'Accounts',
    summary: 'give an account another name; the old one still works',
    load: async () => (await import('./rename.js')).rename,
  },
  {
    name: 'default',
    group: 'Accounts',
    summary: 'choose the account to take among several',
    load: async () => (await import('./default.js')).defaultAccount,
  },
  {
    name: 'refresh',
    group: 'Accounts',
    summary: 'refresh access tokens that expire soon',
    load: async () => (await import('./refresh.js')).refresh,
  },
  {
    name: 'revoke',
    group: 'Accounts',
    summary: 'revoke access at the provider and remove the account',
    destructive: true,
    load: async () => (await import('./revoke.js')).revoke,
  },
  {
    name: 'schedule',
    group: 'Unattended',
    summary: 'refresh tokens regularly with cron or a systemd timer',
    load: async () => (await import('./schedule.js')).schedule,
  },
  {
    name: 'agent',
    group: 'Unattended',
    summary: 'keep tokens fresh, and return them on a socket',
    load: async () => (await import('./agent.js')).agent,
  },
  {
    name: 'notify',
    group: 'Unattended',
    summary: 'send due notifications with the notify command',
    load: async () => (await import('./notify.js')).notify,
  },
  {
    name: 'status',
    group: 'Monitoring',
    summary: 'summarize the accounts, for you or for a monitoring system',
    load: async () => (await import('./status.js')).status,
  },
  {
    name: 'audit',
    group: 'Monitoring',
    summary: 'show the audit trail, or verify it',
    load: async () => (await import('./audit.js')).audit,
  },
  {
    name: 'doctor',
    group: 'Monitoring',
    summary: 'find problems and how to fix them',
    load: async () => (await import('./doctor.js')).doctor,
  },
  {
    name: 'init',
    group: 'Vault',
    summary: 'make the vault and choose where its key is kept',
    load: async () => (await import('./init.js')).init,
  },
  {
    name: 'key',
    group: 'Vault',
    summary: 'list, add, replace and save the keys that open the vault',
    load: async () => (await import('./key.js')).key,
  },
  {
    name: 'backup',
    group: 'Vault',
    summary: 'save the vault to a file',
    load: async () => (await import('./backup.js')).backup,
  },
  {
    name: 'restore',
    group: 'Vault',
    summary: 'replace the vault with a backup',
    destructive: true,
    load: async () => (await import('./restore.js')).restore,
  },
  {
    name: 'config',
    group: 'Vault',
    summary: 'read, set and edit config.json, and list the profiles',
    load: async () => (await import('./config.js')).config,
  },
  {
    name: 'providers',
    group: 'Vault',
    summary: 'list the providers and their setup',
    load: async () => (await import('./providers.js')).providers,
  },
  {
    name: 'completion',
    group: 'Vault',
    summary: 'complete commands, options and accounts in your shell',
    load: async () => (await import('./completion.js')).completion,
  },
];
