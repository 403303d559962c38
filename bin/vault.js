#!/usr/bin/env node
// CommonJS and ES5 on purpose: an old Node must be able to parse this file to say that it is too old.
var path = require('path');
var fs = require('fs');

var found = /^v(\d+)\.(\d+)\./.exec(process.version) || ['', '0', '0'];
var main = path.join(__dirname, '..', 'dist', 'cli', 'main.cjs');

if (Number(found[1]) < 20 || (Number(found[1]) === 20 && Number(found[2]) < 19)) {
  process.stderr.write(
    'vault needs Node 20.19 or newer, and this is Node ' + process.version.slice(1) + '.\n'
  );
  process.exitCode = 2;
} else if (process.argv.length === 3 && process.argv[2] === '--version') {
  try {
    // Opening process.stdout on a pipe would take half as long as Node's own start.
    fs.writeSync(1, require('../package.json').version + '\n');
  } catch (failure) {
    process.exitCode = failure.code === 'EPIPE' ? 0 : 1;
  }
} else if (!fs.existsSync(main)) {
  process.stderr.write(
    'vault is not built yet: type npm run build in ' + path.dirname(__dirname) + ' first.\n'
  );
  process.exitCode = 2;
} else if (process.argv[2] === '__complete') {
  // For the completion of a shell: quick, and silent whatever happens.
  try {
    fs.writeFileSync(1, require('../dist/cli/complete.cjs').complete(process.argv.slice(3), process));
  } catch (_silent) {
    process.exitCode = 1;
  }
} else {
  require(main).main();
}
