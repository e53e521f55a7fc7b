/** Signed calls without an SDK client: client-ec2 alone would cost a boot 54 ms and 34 MiB for one small answer. */
import { parseXML } from '@aws-sdk/xml-builder';
import { type Aws, type Clock, type Persistence, persist } from './aws.ts';
import { AwsError, type CallName, GarbledAnswer } from './aws-failures.ts';
import { endpointOf } from './endpoints.ts';
import { type HttpAnswer, textOf } from './http.ts';
import { signerOf } from './sign.ts';
import { at, isTree, type Tree, textIn } from './tree.ts';

interface Posting {
  readonly service: 'ec2' | 'sts' | 'ecr';
  readonly region: string;
  readonly headers: { readonly [name: string]: string };
  readonly body: string;
}

const post = async (
  aws: Aws,
  clock: Clock,
  { service, region, headers, body }: Posting,
  signal: AbortSignal | undefined,
): Promise<HttpAnswer> => {
  const endpoint = new URL(`${endpointOf(service, region, aws.env)}/`);
  const signer = signerOf(service, region, await aws.credentials());
  const signed = await signer.sign(
    {
      method: 'POST',
      protocol: endpoint.protocol,
      hostname: endpoint.hostname,
      path: endpoint.pathname,
      headers: { ...headers, host: endpoint.host },
      body,
    },
    { signingDate: new Date(clock.now()) },
  );
  return aws.http.send({ url: endpoint.href, method: 'POST', headers: signed.headers, body, timeoutMs: aws.deadlines.requestMs, signal });
};

const parsed = (answer: HttpAnswer, parse: (text: string) => unknown): Tree => {
  let tree: unknown;
  try {
    tree = parse(textOf(answer));
  } catch (cause) {
    throw new GarbledAnswer((cause as Error).message, { cause });
  }
  if (!isTree(tree)) throw new GarbledAnswer('no document');
  return tree;
};

/** The error document, where there is one; a gateway's page with 429 or 5xx is an error too, any other is garbage. */
const errorOf = (answer: HttpAnswer, parse: (text: string) => unknown, read: (tree: Tree) => [code: string, message: string]): Error => {
  let code = '';
  let message = '';
  let garbled: unknown;
  try {
    [code, message] = read(parsed(answer, parse));
  } catch (error) {
    garbled = error;
  }
  if (code !== '') return new AwsError(code, message, answer);
  if (answer.status === 429 || answer.status >= 500) return new AwsError(`HTTP ${answer.status}`, 'no error document', answer);
  return new GarbledAnswer(`HTTP ${answer.status} without an error document`, { cause: garbled });
};

const xmlError = (tree: Tree): [string, string] => {
  const error = at(tree, 'Response', 'Errors', 'Error') ?? at(tree, 'ErrorResponse', 'Error'); // EC2; STS
  return [textIn(error, 'Code'), textIn(error, 'Message')];
};

const jsonError = (tree: Tree): [string, string] => [
  (textIn(tree, '__type').split('#').at(-1) ?? '').trim(),
  textIn(tree, 'message') || textIn(tree, 'Message'),
];

/** Query API (EC2, STS): form in, XML out. Returns the root element's content. @throws NodeError */
export const queryCall = (
  aws: Aws,
  call: CallName,
  service: 'ec2' | 'sts',
  parameters: { readonly [name: string]: string },
  how: Persistence,
): Promise<Tree> =>
  persist(aws, call, how, async () => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
    const answer = await post(
      aws,
      how.clock,
      { service, region: call.region, headers, body: new URLSearchParams(parameters).toString() },
      how.signal,
    );
    if (answer.status !== 200) throw errorOf(answer, parseXML, xmlError);
    const root = at(parsed(answer, parseXML), `${call.operation}Response`);
    if (!isTree(root)) throw new GarbledAnswer(`no ${call.operation}Response element`);
    return root;
  });

/** JSON 1.1 (ECR). @throws NodeError */
export const jsonCall = (aws: Aws, call: CallName, target: string, body: Tree, how: Persistence): Promise<Tree> =>
  persist(aws, call, how, async () => {
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `${target}.${call.operation}` };
    const answer = await post(aws, how.clock, { service: 'ecr', region: call.region, headers, body: JSON.stringify(body) }, how.signal);
    if (answer.status !== 200) throw errorOf(answer, JSON.parse, jsonError);
    return parsed(answer, JSON.parse);
  });
