/** Loads what each refresh uses. A refresher does so while it waits for its first line. */
export function loadRefreshParts(): Promise<unknown> {
  return Promise.all([
    import('../config/settings.js'),
    import('../providers/index.js'),
    import('../stores/locks.js'),
    import('../stores/spill.js'),
    import('../stores/sqlite-rest.js'),
    import('../system/http/http.js'),
    import('../vault/guard.js'),
    import('../vault/vault-rest.js'),
    import('../vault/trail-check.js'),
    import('./marks.js'),
  ]);
}
