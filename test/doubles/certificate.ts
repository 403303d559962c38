import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Certificate {
  readonly certFile: string;
  readonly cert: Buffer;
  readonly key: Buffer;
}

export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

/** A self-signed certificate, made for this one test run. */
export function makeCertificate(
  folder: string,
  name: string,
  subjectAltName: string,
  /** A program that runs openssl at another time, with its arguments. */
  at: readonly string[] = [],
): Certificate {
  const certFile = join(folder, `${name}.pem`);
  const keyFile = join(folder, `${name}.key`);
  const [program = '', ...before] = [...at, 'openssl'];
  execFileSync(
    program,
    [
      ...before,
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'],
      ...['-nodes', '-days', '2', '-subj', `/CN=${name}`],
      ...['-addext', `subjectAltName=${subjectAltName}`, '-keyout', keyFile, '-out', certFile],
    ],
    { stdio: 'ignore' },
  );
  return { certFile, cert: readFileSync(certFile), key: readFileSync(keyFile) };
}
