/** What is wrong with the values of a NodeConfig. Each check knows whether nodeadm would have refused the value too. */
import { bytesOfBase64 } from '../../base64.ts';
import { addressAt, addressOf, cidrOf, cidrText } from '../../kubelet/cidr.ts';
import { isForbiddenLabel } from '../../kubelet/extra-args.ts';
import { nearestOf } from '../../nearest.ts';
import { type Reader, readCertificateAuthority, readClusterName, readPath, readUrl, shown } from '../bootstrap-flags-values.ts';
import type { Finding, TextCheck } from './fields.ts';

const found =
  (weight: Finding['weight']) =>
  (code: string, message: string, remedy: string): Finding => ({ weight, code, message, remedy });
export const fatal = found('fatal');
export const fault = found('fault');
export const advice = found('advice');

/** A reader of bootstrap.sh's flags as a check. */
const checkBy =
  (read: Reader<unknown>): TextCheck =>
  (text) => {
    const wrong = read(text).fault;
    return wrong === undefined ? undefined : fault(wrong.code, wrong.message, wrong.remedy);
  };

const checkForm =
  (form: RegExp, code: string, what: string, remedy: string): TextCheck =>
  (text) =>
    form.test(text) ? undefined : fault(code, `${shown(text)} is not ${what}`, remedy);

export const checkClusterName = checkBy(readClusterName);
export const checkUrl = checkBy(readUrl);
export const checkPath = checkBy(readPath);

export const checkCa: TextCheck = (text) => {
  const wrong = checkBy(readCertificateAuthority)(text);
  return wrong === undefined || bytesOfBase64(text) !== undefined ? wrong : { ...wrong, weight: 'fatal' };
};

const CIDR_REMEDY = 'Give the service CIDR of the cluster: aws eks describe-cluster --query cluster.kubernetesNetworkConfig.';
/** What people put there by mistake: the default VPC networks of eksctl, of Terraform's module and of AWS itself. */
const LIKE_VPC = new Set(['192.168.0.0/16', '10.0.0.0/16', '172.31.0.0/16']);

export const checkServiceCidr: TextCheck = (text) => {
  const cidr = cidrOf(text);
  if (cidr === undefined) return fatal('invalid-cidr', `${shown(text)} is not a CIDR block`, CIDR_REMEDY);
  if (cidr.address.bits !== cidr.network.bits)
    return fault('invalid-cidr', `${shown(text)} has bits set behind its prefix`, `Did you mean ${cidrText(cidr)}?`);
  if (addressAt(cidr, 10) === undefined)
    return fault('invalid-cidr', `${shown(text)} is too small: it has no address 10 for the cluster DNS`, CIDR_REMEDY);
  if (LIKE_VPC.has(text) || (cidr.family === 'ipv4' && cidr.prefix < 12))
    return advice('cidr-like-vpc', `${text} looks like the network of a VPC; here belongs that of the cluster's services`, CIDR_REMEDY);
  return undefined;
};

export const checkIp: TextCheck = (text) =>
  addressOf(text) === undefined
    ? fault('invalid-ip', `${shown(text)} is not an IP address`, 'Give an address, as in 10.0.0.2.')
    : undefined;

/** As systemd-resolved takes it: `ADDRESS[:port][%interface][#name]`. */
export const checkNameserver: TextCheck = (text) => {
  const bare = text.replace(/[#%].*$/, '');
  const address = /^\[(.*)\]:\d{1,5}$/.exec(bare)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(bare)?.[1] ?? bare;
  return addressOf(address) === undefined
    ? fault('invalid-ip', `${shown(text)} is not an IP address`, 'Give an address, as in 10.0.0.2.')
    : undefined;
};

export const checkDomain = checkForm(
  /^~?(?:\.|[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?){0,30}\.?)$/,
  'invalid-domain',
  'a domain name',
  'Give a name like corp.example.com, or ~corp.example.com to route it only.',
);

export const checkEnvName = checkForm(
  /^[A-Za-z_][A-Za-z0-9_]{0,255}$/,
  'invalid-variable',
  'the name of an environment variable',
  'Use letters, digits and underscores, not a digit first.',
);
export const checkEnvValue: TextCheck = (text) =>
  /[\0\uFFFD]/.test(text)
    ? fault('invalid-variable', 'the value holds a character that no environment can carry', 'Remove it.')
    : undefined;

export const checkService = checkForm(
  /^(?!.*\.service$)[A-Za-z0-9:_.@\\-]{1,200}$/,
  'invalid-service',
  'the name of a service without .service',
  'Write default, kubelet, containerd or the name of another service.',
);

/** Kubernetes' qualified name: `[prefix/]name`. */
const QUALIFIED = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
export const checkQualifiedName = checkForm(
  QUALIFIED,
  'invalid-name',
  'a name that Kubernetes takes',
  'Write name or example.com/name, up to 63 letters, digits, - _ and .',
);
export const checkLabelKey: TextCheck = (text) => {
  const wrong = checkQualifiedName(text);
  if (wrong !== undefined || !isForbiddenLabel(text)) return wrong;
  const remedy = 'Use a label outside kubernetes.io and k8s.io, or set it through the API.';
  return fault('forbidden-node-label', `the label ${text} is not for kubelets to set; the kubelet will not start with it`, remedy);
};
export const checkLabelValue: TextCheck = (text) =>
  text === '' || /^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/.test(text)
    ? undefined
    : fault(
        'invalid-label',
        `${shown(text)} is not the value of a label`,
        'Use up to 63 letters, digits, - _ and ., a letter or digit first and last.',
      );

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
export const checkTaintEffect: TextCheck = (text) => checkWord(EFFECTS)(text);

/** One of the words. */
export const checkWord =
  (words: readonly string[], weight: Finding['weight'] = 'fault'): TextCheck =>
  (text) => {
    if (words.includes(text)) return undefined;
    const near = nearestOf(text, words);
    const list = words.length === 1 ? `${words[0]}` : `one of ${words.join(', ')}`;
    return {
      weight,
      code: 'invalid-value',
      message: `${shown(text)} is not ${list}`,
      remedy: near === undefined ? `Write ${list}.` : `Did you mean ${near}?`,
    };
  };

/** `1h30m`, `1.5s`, `300ms`: what Go's time.ParseDuration takes. */
const DURATION = /^[-+]?(?:0|(?:(?:\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})(?:ns|us|µs|μs|ms|s|m|h)){1,10})$/;
export const checkDuration = checkForm(DURATION, 'invalid-duration', 'a duration', 'Write numbers with units, as in 30s, 2m30s or 1h.');

/** What Kubernetes takes as a quantity: `100m`, `1.5Gi`, `1e3`. */
const QUANTITY = /^[-+]?(?:\d{1,18}(?:\.\d{0,9})?|\.\d{1,9})(?:[eE][-+]?\d{1,2}|[KMGTPE]i|[numkMGTPE])?$/;
export const isQuantity = (text: string): boolean => QUANTITY.test(text);
export const checkQuantity = checkForm(
  QUANTITY,
  'invalid-quantity',
  'a quantity',
  'Write a number, with a unit if need be: 100m, 512Mi, 1Gi.',
);

export const checkDevice = checkForm(
  /^\/dev\/[^\s\p{Cc}]{1,200}$/u,
  'invalid-device',
  'a device',
  'Give its path, as in /dev/xvdb or /dev/disk/by-id/….',
);
export const checkFsType = checkForm(/^[a-z0-9.]{1,16}$/, 'invalid-filesystem', 'a kind of file system', 'Write xfs or ext4.');

export const checkSysctl = checkForm(
  /^[A-Za-z0-9_-]+(?:[./][A-Za-z0-9_:*-]+){1,12}$/,
  'invalid-sysctl',
  'the name of a kernel parameter',
  'Write it as sysctl does: net.core.somaxconn.',
);
export const checkOneLine: TextCheck = (text) =>
  /[^\P{Cc}\t]/u.test(text)
    ? fault('invalid-text', 'the value holds a line break or a control character', 'Write it on one line.')
    : undefined;

/** `http://` or `https://`, nothing behind the path. */
export const checkMirror: TextCheck = (text) => {
  const url = /^https?:\/\/[^\s"'<>\\^`{|}@]{1,500}$/.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  return url === undefined || url.search !== '' || url.hash !== ''
    ? fault(
        'invalid-url',
        `${shown(text)} is not the URL of a registry`,
        'Write https://mirror.example.com, with a path if it has one, without user name.',
      )
    : undefined;
};
export const checkRegistry = checkForm(
  /^(?:\*|_default|[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})?(?::\d{1,5})?)$/,
  'invalid-registry',
  'the host of a registry',
  'Write docker.io, registry.example.com:5000, or _default for all others.',
);
/** Of the kubelet's credential providers: host with globs per label, port and path if wanted. */
export const checkImagePattern = checkForm(
  /^[A-Za-z0-9*][A-Za-z0-9.*-]{0,252}(?::\d{1,5})?(?:\/[^\s]{0,250})?$/,
  'invalid-image-pattern',
  'a pattern of images',
  'Write a host, with * for a part of it: *.registry.example.com/team.',
);
/** The kubelet looks the program up by this name in one directory. */
export const checkProgram = checkForm(
  /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/,
  'invalid-program',
  'the name of a program',
  'Give the name of the file alone.',
);

/** A proxy may carry user and password, so that it is never shown. */
export const checkProxy: TextCheck = (text) => {
  const url = /^https?:\/\/[^\s"'<>\\^`{|}]{1,1000}$/.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  return url === undefined || url.pathname !== '/' || url.search !== ''
    ? fault('invalid-proxy', 'this is not the URL of a proxy', 'Write http://host:port, with user:password@ before the host if need be.')
    : undefined;
};
export const checkNoProxy = checkForm(
  /^[A-Za-z0-9*.:[\]/_-]{1,253}$/,
  'invalid-no-proxy',
  'a host, domain, address or network',
  'Give one per item: .corp.example.com, 10.0.0.0/8.',
);
