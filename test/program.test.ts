import { describe, expect, it } from 'vitest';
import { parseProgram } from '../src/program.js';
describe('x', () => { it('y', async () => {
  const show = async (...argv: string[]) => { try { const p = await parseProgram(argv); console.log(argv.join(' '), '=>', p.kind === 'text' ? `${p.exitCode}\n${p.text}` : JSON.stringify([p.command.name, p.input, p.globals])); } catch (e: any) { console.log(argv.join(' '), '=>', e.code, '|', e.message, '|', e.hint); } };
  await show(); await show('--help'); await show('--version'); await show('login','--help'); await show('help','token'); await show('help'); await show('help', 'bogus');
  await show('tokne'); await show('token','--min-vali','5m'); await show('token','a','b'); await show('token','--min-valid'); await show('show'); await show('--bogus'); await show('token', '--password=secret');
  await show('token','--json','google','--scope','a','--scope=b'); await show('--json'); await show('token', '--min-valid', 'x'); await show('token', ''); await show('login','g','--no-browser','--profile','x'); await show('token','-x'); await show('--profile', 'list'); await show('list', '--profile', '');
  expect(1).toBe(1);
});});
