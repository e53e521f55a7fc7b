import { X509Certificate } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { certificatesIn, probeServing, readStored } from '../../src/facts/serving-certificate.ts';
import { startKubelet } from '../fakes/kubelet.ts';
import { makeAuthority, makeCertificate } from '../fakes/pki.ts';

const authority = makeAuthority();
const other = makeAuthority();
const NODE = 'system:node:n';
const life = { notBefore: new Date('2026-11-01T00:00:00Z'), notAfter: new Date('2026-12-16T00:00:00Z') };
const pair = makeCertificate({
  cn: NODE,
  organizations: ['system:nodes'],
  dns: ['n'],
  ips: ['10.0.0.1', '2600:0:0:0:0:0:0:1'],
  by: authority,
  ...life,
});
const authorities = certificatesIn(other.cert + authority.cert);

t.test('a stored pair', async (t) => {
  const root = t.testdir();
  const kubelet = await startKubelet();
  t.teardown(() => kubelet.close());
  const dir = '/var/lib/kubelet/pki';
  t.match(await readStored(root, dir, authorities), { kind: 'missing', path: `${dir}/kubelet-server-current.pem`, text: 'is not there' });
  kubelet.store(join(root, dir), pair);
  // As in an image: the link is absolute, from inside.
  rmSync(join(root, dir, 'kubelet-server-current.pem'));
  symlinkSync(`${dir}/kubelet-server-2026-11-21-12-00-00.pem`, join(root, dir, 'kubelet-server-current.pem'));
  const seen = await readStored(root, dir, authorities);
  t.match(seen, {
    kind: 'certificate',
    path: `${dir}/kubelet-server-current.pem`,
    target: `${dir}/kubelet-server-2026-11-21-12-00-00.pem`,
    certificate: {
      subject: `O=system:nodes, CN=${NODE}`,
      cn: NODE,
      issuer: 'CN=kubernetes',
      notBefore: '2026-11-01T00:00:00Z',
      notAfter: '2026-12-16T00:00:00Z',
      dns: ['n'],
      ips: ['10.0.0.1', '2600::1'],
      isTrusted: true,
      fingerprint256: new X509Certificate(pair.cert).fingerprint256,
    },
  });
  t.notMatch(JSON.stringify(seen), /PRIVATE/);
  t.match(await readStored(root, dir, certificatesIn(other.cert)), { certificate: { isTrusted: false } }, 'an authority of the same name');
  t.notMatch(await readStored(root, dir, []), { certificate: { isTrusted: false } });
});

t.test('an authority between', async (t) => {
  const between = makeCertificate({ cn: 'between', by: authority });
  const own = makeCertificate({ cn: NODE, by: between });
  const dir = t.testdir({ 'a.pem': own.cert + between.cert + own.key });
  symlinkSync(join(dir, 'a.pem'), join(dir, 'kubelet-server-current.pem'));
  t.match(await readStored('/', dir, authorities), { certificate: { issuer: 'CN=between', isTrusted: true } });
});

t.test('what is no pair', async (t) => {
  const dir = t.testdir();
  const link = join(dir, 'kubelet-server-current.pem');
  const file = join(dir, 'x.pem');
  symlinkSync(file, link);
  for (const [text, said] of [
    ['', 'is empty'],
    ['garbage', 'holds no certificate'],
    [pair.key, 'holds no certificate'],
    [pair.cert, 'holds no private key'],
    [pair.cert + other.key, 'holds a private key of another certificate'],
    [pair.cert.replace('MII', 'AAA') + pair.key, 'holds a certificate that cannot be read'],
  ] as const) {
    writeFileSync(file, text);
    t.match(await readStored('/', dir, []), { kind: 'damaged', text: said });
  }
  rmSync(file);
  t.match(await readStored('/', dir, []), { kind: 'damaged', text: `points to ${file}, which is not there` });
  mkdirSync(file);
  t.match(await readStored('/', dir, []), { kind: 'unreadable', text: 'is a directory' });
  rmSync(link);
  writeFileSync(link, pair.cert + pair.key);
  t.match(await readStored('/', dir, []), { kind: 'not-a-link', text: 'a file' });
  chmodSync(link, 0o600);
  t.match(await readStored('/', file.replace('x.pem', 'no/such'), []), { kind: 'missing' });
});

t.test('a link that is gone for an instant', async (t) => {
  const dir = t.testdir({ 'a.pem': pair.cert + pair.key });
  const reading = readStored('/', dir, []);
  symlinkSync(join(dir, 'a.pem'), join(dir, 'kubelet-server-current.pem'));
  t.match(await reading, { kind: 'certificate' });
});

t.test('what answers on the port', async (t) => {
  const kubelet = await startKubelet(pair);
  t.teardown(() => kubelet.close());
  const probe = (port: number, timeoutMs = 5_000) => probeServing({ host: '127.0.0.1', port, timeoutMs, authorities });
  t.match(await probe(kubelet.port), { kind: 'certificate', certificate: { cn: NODE, isTrusted: true } });
  kubelet.present(makeCertificate({ cn: 'kubelet@1', ...life }));
  t.match(await probe(kubelet.port), { certificate: { cn: 'kubelet@1', isTrusted: false } });
  kubelet.present(null);
  t.match(await probe(kubelet.port), { kind: 'alert', text: /INTERNAL_ERROR/ });
  t.match(await probe(0), { kind: 'refused' });

  const silent = createServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as { port: number };
  t.match(await probe(port, 50), { kind: 'silent', text: `port ${port} does not answer` });
  silent.close();
  const rude = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => rude.listen(port, '127.0.0.1', resolve));
  t.match(await probe(port), { kind: 'silent' });
  await new Promise((resolve) => rude.close(resolve));
  t.match(await probe(port), { kind: 'refused', text: `port ${port} refuses connections` });
});
