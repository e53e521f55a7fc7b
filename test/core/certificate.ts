import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import fc from 'fast-check';
import t from 'tap';
import { certificateOf, certificatesOf } from '../../src/core/certificate.ts';
import { CLUSTER_CA_PEM, TEST_AUTHORITY_PEM, TEST_SERVER } from '../fakes/certificates.ts';

t.test('every certificate that the runtime trusts is read as OpenSSL reads it', async (t) => {
  t.ok(rootCertificates.length > 100);
  const different = rootCertificates.filter((pem) => {
    const certificates = certificatesOf(pem);
    const [ours] = 'code' in certificates ? [] : certificates;
    const { validFromDate, validToDate } = new X509Certificate(pem);
    return Date.parse(ours?.notBefore ?? '') !== validFromDate.getTime() || Date.parse(ours?.notAfter ?? '') !== validToDate.getTime();
  });
  t.same(different, []);
});

t.test('bundles', async (t) => {
  t.same(certificatesOf(`first\n${CLUSTER_CA_PEM}\nsecond\r\n${TEST_AUTHORITY_PEM.replaceAll('\n', '\r\n')}`), [
    { notBefore: '2020-01-01T00:00:00Z', notAfter: '2099-12-31T23:59:59Z' },
    { notBefore: '2020-01-01T00:00:00Z', notAfter: '2099-12-31T23:59:59Z' },
  ]);
  t.same(certificatesOf(''), { code: 'not-pem', message: 'holds no PEM block (-----BEGIN CERTIFICATE-----)' });
  t.same(certificatesOf(TEST_SERVER.key), { code: 'private-key', message: 'holds a private key, which does not belong on a node' });
  t.same(certificatesOf(`${CLUSTER_CA_PEM}${TEST_SERVER.key}`), {
    code: 'private-key',
    message: 'holds a private key (block 2 of 2), which does not belong on a node',
  });
  const none = { code: 'not-a-certificate', message: 'holds something that is not a certificate' };
  for (const pem of [
    '-----BEGIN CERTIFICATE-----',
    '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----',
    '-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----',
    '-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----',
    '-----BEGIN PUBLIC KEY-----\naGVsbG8=\n-----END PUBLIC KEY-----',
    CLUSTER_CA_PEM.replace('-----END CERTIFICATE-----', '-----END CERT-----'),
  ]) {
    t.same(certificatesOf(pem), none, pem.slice(0, 60));
  }
});

t.test('a damaged certificate is never one that is cut short or longer, and never breaks the reader', async () => {
  const der = new Uint8Array(new X509Certificate(CLUSTER_CA_PEM).raw);
  fc.assert(fc.property(fc.nat(der.length - 1), (length) => certificateOf(der.subarray(0, length)) === undefined));
  fc.assert(fc.property(fc.uint8Array({ minLength: 1 }), (more) => certificateOf(new Uint8Array([...der, ...more])) === undefined));
  fc.assert(
    fc.property(fc.nat(der.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
      const damaged = Uint8Array.from(der, (old, index) => (index === at ? byte : old));
      const read = certificateOf(damaged);
      return read === undefined || !Number.isNaN(Date.parse(read.notAfter));
    }),
    { numRuns: 2000 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => certificateOf(bytes) === undefined));
});
