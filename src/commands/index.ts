import type { Command } from './spec.js';

/** A command, with what the help needs to know of it without loading it. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  load(): Promise<Command>;
}

/** All commands, in the order of the help. Each is loaded when it is asked for. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'login',
    summary: 'log in to a provider in the browser',
    load: async () => (await import('./login.js')).login,
  },
  {
    name: 'token',
    summary: 'print a valid access token',
    load: async () => (await import('./token.js')).token,
  },
  {
    name: 'exec',
    summary: 'run a program with a valid access token in its environment',
    load: async () => (await import('./exec.js')).exec,
  },
  { name: 'list', summary: 'list the accounts', load: async () => (await import('./list.js')).list },
  {
    name: 'show',
    summary: 'show one account',
    load: async () => (await import('./show.js')).show,
  },
  {
    name: 'refresh',
    summary: 'refresh access tokens that expire soon',
    load: async () => (await import('./refresh.js')).refresh,
  },
  {
    name: 'revoke',
    summary: 'revoke access at the provider and remove the account',
    load: async () => (await import('./revoke.js')).revoke,
  },
  {
    name: 'schedule',
    summary: 'refresh tokens regularly with cron or a systemd timer',
    load: async () => (await import('./schedule.js')).schedule,
  },
  {
    name: 'notify',
    summary: 'send due notifications with the notify command',
    load: async () => (await import('./notify.js')).notify,
  },
  {
    name: 'init',
    summary: 'make the vault and choose where its key is kept',
    load: async () => (await import('./init.js')).init,
  },
  {
    name: 'key',
    summary: 'list, add, replace and save the keys that open the vault',
    load: async () => (await import('./key.js')).key,
  },
  {
    name: 'backup',
    summary: 'save the vault to a file',
    load: async () => (await import('./backup.js')).backup,
  },
  {
    name: 'restore',
    summary: 'replace the vault with a backup',
    load: async () => (await import('./restore.js')).restore,
  },
  {
    name: 'agent',
    summary: 'keep tokens fresh, and return them on a socket',
    load: async () => (await import('./agent.js')).agent,
  },
  {
    name: 'status',
    summary: 'summarize the accounts, for you or for a monitoring system',
    load: async () => (await import('./status.js')).status,
  },
  {
    name: 'audit',
    summary: 'show the audit trail, or verify it',
    load: async () => (await import('./audit.js')).audit,
  },
  {
    name: 'doctor',
    summary: 'find problems and how to fix them',
    load: async () => (await import('./doctor.js')).doctor,
  },
  {
    name: 'providers',
    summary: 'list the providers and their setup',
    load: async () => (await import('./providers.js')).providers,
  },
  {
    name: 'demo',
    summary: 'show how it works, without an account at a provider',
    load: async () => (await import('./demo.js')).demo,
  },
];
