import t from 'tap';
import { kubeletServingOf } from '../../../src/core/csr/serving-config.ts';
import { kubeletFlagsOf } from '../../../src/core/kubelet/extra-args.ts';

const FILE = '/etc/kubernetes/kubelet/config.json';
const DROP_IN = '/etc/kubernetes/kubelet/config.json.d/90.conf';
const of = (words: string, ...texts: readonly string[]) =>
  kubeletServingOf(
    kubeletFlagsOf(words.split(' ').filter((word) => word !== '')).flags,
    texts.map((text, i) => ({ path: i === 0 ? FILE : DROP_IN, text })),
  );
const ON = JSON.stringify({ kind: 'KubeletConfiguration', serverTLSBootstrap: true });

t.test('the file, the drop-ins over it, the flags over both', async (t) => {
  t.same(of('', ON), {
    config: { bootstraps: true, at: `serverTLSBootstrap in ${FILE}` },
    certificateDir: '/var/lib/kubelet/pki',
    port: 10250,
    host: '127.0.0.1',
  });
  t.match(of('', ON, 'serverTLSBootstrap: false'), { config: { bootstraps: false, at: `serverTLSBootstrap in ${DROP_IN}` } });
  t.match(of('--rotate-server-certificates', '{}'), { config: { bootstraps: true, at: '--rotate-server-certificates' } });
  t.match(of('--rotate-server-certificates=false', ON), { config: { bootstraps: false } });
  t.match(of(''), { config: { bootstraps: false, at: 'the kubelet’s default' } });
  t.match(of('--cert-dir=/pki --port 10251', ON, 'address: "::"'), { certificateDir: '/pki', port: 10251, host: '::1' });
  t.match(of('', ON, 'address: 10.0.0.1\nport: 0'), { host: '10.0.0.1', port: 0 });
});

t.test('a certificate that is given counts only with its key', async (t) => {
  t.match(of('', ON, 'tlsCertFile: /tls.crt\ntlsPrivateKeyFile: /tls.key'), {
    config: { tlsCertFile: '/tls.crt', at: `tlsCertFile in ${DROP_IN}` },
  });
  t.notMatch(of('--tls-cert-file=/tls.crt', ON), { config: { tlsCertFile: '/tls.crt' } });
});

t.test('the feature gate behind it', async (t) => {
  const off = 'featureGates: {RotateKubeletServerCertificate: false}';
  t.match(of('', ON, off), { config: { bootstraps: false, at: `featureGates.RotateKubeletServerCertificate in ${DROP_IN}` } });
  t.match(of('--feature-gates=A=false,RotateKubeletServerCertificate=true', ON, off), { config: { bootstraps: true } });
  t.match(of('--feature-gates RotateKubeletServerCertificate=false', ON), { config: { bootstraps: false, at: '--feature-gates' } });
});

t.test('no configuration', async (t) => {
  for (const text of ['[1]', '{', 'a: b: c', '"x"']) t.throws(() => of('', text), { code: 'CONFIG', path: FILE }, text);
  t.match(of('', ''), { config: { bootstraps: false } });
});
