import { expect, it } from 'vitest';
import { EXIT_STATUS } from '../../scripts/reference.js';
import { roff } from '../../scripts/roff.js';
import { EXIT_CODES } from '../../src/domain/errors.js';

it('a page contains nothing that roff would interpret', () => {
  const page = {
    name: 'vault x',
    summary: "it's .br and \\fB",
    usage: ['vault x [options]'],
    lists: [{ title: 'Say "it"', entries: [['--a-b', '.TH `a` ^ ~']] as const }],
    examples: [{ line: "vault x --'", says: '.so /etc/passwd' }],
    more: null,
  };
  const text = roff(
    { name: 'vault-x', page, commands: [], sections: [], seeAlso: ['vault', 'b'] },
    '1.2.3',
    '2026-12-01',
  );
  expect(text).toBe(`.TH "VAULT\\-X" 1 "2026-12-01" "token\\-vault 1.2.3" "User Commands"
.nh
.ad l
.SH NAME
vault\\-x \\- it\\(aqs .br and \\efB
.SH SYNOPSIS
.B vault x
[options]
.SH DESCRIPTION
It\\(aqs .br and \\efB.
.SH "SAY \\(dqIT\\(dq"
.TP
.B \\-\\-a\\-b
\\&.TH \\(gaa\\(ga \\(ha \\(ti
.SH EXAMPLES
.TP
.B vault x \\-\\-\\(aq
\\&.so /etc/passwd
.SH SEE ALSO
.BR vault (1) ,
.BR b (1)
`);
});

it('the manual has every exit code of an error', () => {
  const listed = EXIT_STATUS.entries.map(([code]) => code);
  expect(listed).toEqual(['0', ...new Set(Object.values(EXIT_CODES).map(String))]);
});
