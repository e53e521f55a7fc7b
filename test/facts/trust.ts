import { getCACertificates } from 'node:tls';
import t from 'tap';
import { NodeError } from '../../src/core/errors.ts';
import { trustedAuthorities } from '../../src/facts/trust.ts';
import { CLUSTER_CA_PEM, TEST_AUTHORITY_PEM } from '../fakes/certificates.ts';

const refusal = (run: () => unknown): string[] => {
  try {
    run();
  } catch (error) {
    if (error instanceof NodeError) return [error.code, error.message, error.remedy ?? ''];
  }
  return [];
};

t.test("the system's, the runtime's and AWS_CA_BUNDLE's authorities, each once", async (t) => {
  const dir = t.testdir({
    'system.pem': `${CLUSTER_CA_PEM}\r\n`,
    'same.pem': CLUSTER_CA_PEM,
    'extra.pem': `bag attributes\n${TEST_AUTHORITY_PEM}`,
  });
  const all = trustedAuthorities({ AWS_CA_BUNDLE: `${dir}/extra.pem` }, [`${dir}/system.pem`, `${dir}/same.pem`, `${dir}/absent.pem`]);
  const bare = (pem: string) => pem.replace(/\s+/g, '');
  const has = (pem: string) => all.filter((one) => bare(one) === bare(pem)).length;
  t.equal(has(CLUSTER_CA_PEM), 1);
  t.equal(has(TEST_AUTHORITY_PEM), 1);
  t.equal(has(getCACertificates('bundled')[0] ?? ''), 1);
});

t.test('an AWS_CA_BUNDLE that is of no use is said, not skipped', async (t) => {
  const dir = t.testdir({ 'empty.pem': '', 'garbage.pem': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' });
  const remedy = 'Point AWS_CA_BUNDLE at a readable PEM file with the certificate authorities to trust, or unset it.';
  for (const [file, code, message] of [
    ['absent.pem', 'NO_INPUT', `AWS_CA_BUNDLE names ${dir}/absent.pem, which cannot be read (ENOENT)`],
    ['', 'NO_INPUT', `AWS_CA_BUNDLE names ${dir}/, which cannot be read (EISDIR)`],
    ['empty.pem', 'BAD_DATA', `AWS_CA_BUNDLE names ${dir}/empty.pem, which holds no valid PEM certificates`],
    ['garbage.pem', 'BAD_DATA', `AWS_CA_BUNDLE names ${dir}/garbage.pem, which holds no valid PEM certificates`],
  ] as const) {
    t.same(
      refusal(() => trustedAuthorities({ AWS_CA_BUNDLE: `${dir}/${file}` }, [])),
      [code, message, remedy],
    );
  }
});
