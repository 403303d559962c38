/*
 * The use cases that commands do not call themselves yet, over a Context.
 */
import { type Context, type ContextOptions, createContext } from './context.js';
import type { UseCases } from './services/contract.js';
import type { Host } from './system/contract.js';
import { backgroundWith } from './wiring/background.js';

export interface App extends Context, UseCases {
  close(): Promise<void>;
}

/** @throws VaultError `config_invalid` when the places of the files make no sense */
export function createApp(host: Host, options: ContextOptions): App {
  const ctx = createContext(host, options);
  const { paths, audit, readText, envFile } = ctx;

  const background = backgroundWith({
    host,
    envFile,
    paths,
    audit,
    readText,
    notice: options.notice,
  });

  return {
    ...ctx,
    ...background,
    notifyDue: async () => (await import('./services/notify/notify.js')).notifyDue(ctx),
  };
}
