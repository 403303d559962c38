// Runs the built program in this process, as `node timers.cjs node bin/vault.js …`, and writes to `timers` in HOME which timers it
// sets, and which end by themselves. The processes that it starts of itself do the same.
const { appendFileSync } = require('node:fs');
const { join } = require('node:path');

const VAULT_JS = join(__dirname, '..', '..', 'bin', 'vault.js');

if (process.argv[3] === VAULT_JS) process.argv.splice(2, 2);
const note = (what, milliseconds) =>
  appendFileSync(join(process.env.HOME, 'timers'), `${process.argv[2]} ${what} ${milliseconds}\n`);
note('started', 0);
for (const name of ['setTimeout', 'setInterval']) {
  const real = globalThis[name];
  globalThis[name] = (action, milliseconds, ...args) => {
    note('set', milliseconds);
    const noted = (...given) => {
      note('ended', milliseconds);
      action(...given);
    };
    return real(noted, milliseconds, ...args);
  };
}
require(VAULT_JS);
