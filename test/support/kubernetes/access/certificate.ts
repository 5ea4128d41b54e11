import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A key and a certificate of 127.0.0.1 that is its own authority. PEM. */
export type Certificate = { readonly key: string; readonly certificate: string };

/** Made by the program openssl; good for two days, which no test outlives. */
export function createCertificate(): Certificate {
  const dir = mkdtempSync(join(tmpdir(), 'wcr-k8s-'));
  try {
    const [key, certificate] = [join(dir, 'key.pem'), join(dir, 'certificate.pem')];
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
        ...['-subj', '/CN=kubernetes-stand-in', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'],
        ...['-keyout', key, '-out', certificate],
      ],
      { stdio: 'ignore' },
    );
    return { key: readFileSync(key, 'utf8'), certificate: readFileSync(certificate, 'utf8') };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
