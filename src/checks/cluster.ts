/** What AWS says of the cluster, against what this node was given; and the AWS endpoints that a node needs. */

import { bytesOfBase64 } from '../core/base64.ts';
import { NodeError } from '../core/errors.ts';
import type { ClusterFacts } from '../core/facts.ts';
import { eksTokenOf } from '../core/kubelet/kubeconfig-file.ts';
import { type Check, type Finding, fail, pass, skip, warn } from './check.ts';

const EKS = 'https://docs.aws.amazon.com/eks/latest/userguide';

const blocksIn = (pem: string): readonly string[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((block) => block.replace(/\s+/g, ''));

const compared = (cluster: ClusterFacts, server: string, ca: string | undefined): Finding => {
  if (new URL(cluster.endpoint).host !== new URL(server).host)
    return fail(
      `the kubeconfig’s server is ${server}, the cluster’s endpoint is ${cluster.endpoint}`,
      'Run `bootwright bootstrap` again without --apiserver-endpoint, or correct the endpoint in the NodeConfig.',
    );
  const theirs = blocksIn(new TextDecoder().decode(bytesOfBase64(cluster.certificateAuthority)));
  const missing = theirs.filter((block) => !blocksIn(ca ?? '').includes(block)).length;
  if (ca === undefined || missing === 0) return pass(`${cluster.name} is ${cluster.status}; endpoint and CA are the kubeconfig’s`);
  if (missing < theirs.length)
    return warn(
      `of the cluster’s ${theirs.length} CAs the node lacks ${missing}`,
      'The CA is being rotated: run `bootwright bootstrap` or `init` again before the new one is activated.',
    );
  return fail(
    `the CA that the kubeconfig names is not that of ${cluster.name}`,
    'Run `bootwright bootstrap` again without --b64-cluster-ca, or correct certificateAuthority in the NodeConfig.',
  );
};

/** Denied or not reached: a node that was given endpoint and CA does without. */
const MAY_FAIL: readonly string[] = ['NO_PERMISSION', 'UNAVAILABLE'];

const eksDescribe: Check = {
  id: 'eks-describe',
  title: 'the cluster is there, with the endpoint and CA that the node has',
  reach: 'network',
  after: ['kubeconfig', 'imds-role'],
  deadlineMs: 20_000,
  link: `${EKS}/private-clusters.html`,
  run: async ({ kubeconfig, authorities, describeCluster }, signal) => {
    const { server, user } = await kubeconfig();
    const wish = user.exec && eksTokenOf(user.exec);
    if (wish === undefined) return skip('the kubeconfig does not name the cluster');
    try {
      return compared(await describeCluster(wish.clusterName, wish.region, signal), server, await authorities());
    } catch (error) {
      if (!(error instanceof NodeError) || !MAY_FAIL.includes(error.code)) throw error;
      return warn(error.message, `${error.remedy ?? ''} A node that is given endpoint, CA and service CIDR does without.`.trim());
    }
  },
};

const awsEndpoints: Check = {
  id: 'aws-endpoints',
  title: 'the AWS endpoints that a node needs answer',
  reach: 'network',
  after: ['imds-reach'],
  deadlineMs: 15_000,
  link: `${EKS}/private-clusters.html`,
  run: async ({ awsEndpoints: reach }, signal) => {
    const answers = await reach(signal);
    const text = answers
      .map(({ service, host, failure }) => `${service} (${host}) ${failure === undefined ? 'answers' : `does not: ${failure}`}`)
      .join('; ');
    const silent = answers.filter(({ failure }) => failure !== undefined).map(({ service }) => service);
    if (silent.length === 0) return pass(text);
    return warn(
      text,
      `In a subnet without a way out, add VPC endpoints: interfaces for ${silent.filter((service) => service !== 's3').join(', ') || 'none'}${silent.includes('ecr') ? ' (ecr.api and ecr.dkr)' : ''}${silent.includes('s3') ? ', and the gateway s3' : ''}, with port 443 open from the node. Images come from ecr and s3; ec2 and eks are asked at boot.`,
    );
  },
};

export const CLUSTER_CHECKS: readonly Check[] = [awsEndpoints, eksDescribe];
