import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import t from 'tap';
import { bytesOfBase64 } from '../../../src/core/base64.ts';
import { requestOf, requestOfPem } from '../../../src/core/csr/request.ts';
import { makeRequest } from '../../fakes/pki.ts';

const KUBELET = {
  cn: 'system:node:ip-10-0-0-1.ec2.internal',
  organizations: ['system:nodes'],
  dns: ['ip-10-0-0-1.ec2.internal'],
  ips: ['10.0.0.1', '2600:1f14:0:0:0:0:0:1'],
};

t.test('what a kubelet asks for', async (t) => {
  t.same(requestOfPem(makeRequest(KUBELET)), { ...KUBELET, ips: ['10.0.0.1', '2600:1f14::1'], others: [] });
  t.same(requestOfPem(makeRequest({ cn: '' })), { cn: '', organizations: [], dns: [], ips: [], others: [] });
});

t.test('names that the signer refuses are told', async (t) => {
  const pem = makeRequest({ cn: 'x', uris: ['spiffe://a/b'], emails: ['a@b.c'], dns: ['\u001b[2Jevil'] });
  t.match(requestOfPem(pem), { others: ['email:a@b.c', 'uri:spiffe://a/b'], dns: ['?[2Jevil'] });
});

/** Made by OpenSSL 3.0: `openssl req -new -newkey ec … -subj '/O=system:nodes/CN=system:node:n' -addext 'subjectAltName=…'`. */
const OPENSSL_PEM = `-----BEGIN CERTIFICATE REQUEST-----
MIIBYjCCAQcCAQAwLzEVMBMGA1UECgwMc3lzdGVtOm5vZGVzMRYwFAYDVQQDDA1z
eXN0ZW06bm9kZTpuMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEbxT0sKrxqXt3
0al6RmRYEmf935f+k/8UnrJPgd/38FlTzqydJhiEhuHPyEth7VL9QoYgln567V29
UP7E86Q9pKB2MHQGCSqGSIb3DQEJDjFnMGUwDgYDVR0PAQH/BAQDAgeAMFMGA1Ud
EQEB/wRJMEeCCW4uZXhhbXBsZYcEwAACB4cQIAENuAAAAAAAAAAAAAAAB4EOcm9v
dEBuLmV4YW1wbGWGEmh0dHBzOi8vbi5leGFtcGxlLzAKBggqhkjOPQQDAgNJADBG
AiEAsgdSsezUFszf+5xcU2HRv7HVLHFnaMBVsA6EqETi7k4CIQCsx7cMBu2b+Un+
KRcTdLLk4SX6l5408fKFivi9iR4IOw==
-----END CERTIFICATE REQUEST-----
`;

t.test('a request of OpenSSL, with a critical extension', async (t) => {
  t.same(requestOfPem(OPENSSL_PEM), {
    cn: 'system:node:n',
    organizations: ['system:nodes'],
    dns: ['n.example'],
    ips: ['192.0.2.7', '2001:db8::7'],
    others: ['email:root@n.example', 'uri:https://n.example/'],
  });
});

t.test('OpenSSL takes the requests that the fakes make', { skip: spawnSync('openssl', ['version']).status !== 0 }, async (t) => {
  const { stdout, status } = spawnSync('openssl', ['req', '-noout', '-verify', '-text'], { input: makeRequest(KUBELET), encoding: 'utf8' });
  t.equal(status, 0);
  t.match(stdout, /DNS:ip-10-0-0-1\.ec2\.internal, IP Address:10\.0\.0\.1, IP Address:2600:1F14:0:0:0:0:0:1/);
});

t.test('a damaged request never breaks the reader', async (t) => {
  const der = bytesOfBase64(makeRequest(KUBELET).replace(/-----.*-----/g, '')) ?? new Uint8Array();
  t.ok(requestOf(der));
  fc.assert(fc.property(fc.nat(der.length - 1), (length) => requestOf(der.subarray(0, length)) === undefined));
  fc.assert(
    fc.property(fc.nat(der.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
      const read = requestOf(Uint8Array.from(der, (old, index) => (index === at ? byte : old)));
      return read === undefined || typeof read.cn === 'string';
    }),
    { numRuns: 2000 },
  );
  for (const text of ['', 'x', '-----BEGIN CERTIFICATE REQUEST-----\n!\n-----END CERTIFICATE REQUEST-----', OPENSSL_PEM.replace('M', '')])
    t.equal(requestOfPem(text), undefined);
});
