// Loaded with --require: says on stderr how much memory the process took at its peak, in kilobytes.
process.on('exit', () => process.stderr.write(`\nmaxRSS=${process.resourceUsage().maxRSS}\n`));
