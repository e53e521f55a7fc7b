/** What to do about each failure, in the words of an instruction. Nothing here is ever done by bootwright: it reports. */

export interface Advice {
  readonly code: string;
  readonly text: string;
  readonly doc?: string;
}

const EKS = 'https://docs.aws.amazon.com/eks/latest/userguide';

const ADVICE = {
  'fix-identity': {
    text: 'Give the instance role an access entry of type EC2_LINUX (EC2 where nodes are named by instance id), or one mapRoles row in aws-auth with username system:node:{{EC2PrivateDNSName}} and groups system:bootstrappers, system:nodes. A second row for the same role makes the username wrong.',
    doc: `${EKS}/access-entries.html`,
  },
  'allow-selfnodeserver': {
    text: 'Check that the ClusterRoleBinding eks:node-bootstrapper is there: it lets nodes ask for serving certificates.',
    doc: `${EKS}/cert-signing.html`,
  },
  'fix-node-name': {
    text: 'The node must be named as EC2 names the instance: remove --hostname-override from the kubelet’s extra arguments, give the VPC’s DHCP options one domain-name without spaces, or use --node-name instance-id with an access entry of type EC2.',
    doc: 'https://github.com/awslabs/amazon-eks-ami/issues/1263',
  },
  'drop-unverifiable-sans': {
    text: 'EKS approves from 1.24 on only names and addresses that it finds in EC2: remove the extra --node-ip, host name or custom DNS name that brings them in.',
    doc: `${EKS}/cert-signing.html`,
  },
  'do-not-approve': {
    text: 'Do not approve by hand before the cause is found: EKS approves what it can verify, and the kubelet asks again every 15 minutes.',
  },
  'wait-a-moment': { text: 'This is normal: EKS takes some seconds, in a crowd of new nodes over a minute.' },
  'reused-address': {
    text: 'Where an instance took over address and name of one that has just ended, restart the kubelet for a fresh request, or replace the instance.',
  },
  'see-who-denied': { text: 'Ask who denied it: `kubectl get csr NAME -o yaml` names the reason. The kubelet asks again by itself.' },
  'fix-request': {
    text: 'The request breaks a rule of the signer: organization system:nodes, CN system:node:NAME, a DNS name or an address, usages digital signature and server auth (and key encipherment).',
    doc: 'https://kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#kubernetes-signers',
  },
  'signer-down': {
    text: 'The signer is in the control plane: it is down, or the request names another. On EKS open a support case; elsewhere see kube-controller-manager (--cluster-signing-kubelet-serving-cert-file).',
  },
  'restart-kubelet': { text: 'Restart the kubelet: `systemctl restart kubelet`. Pods keep running.' },
  'remove-certificate': {
    text: 'Remove the kubelet’s serving certificate and restart it: `rm PKI/kubelet-server-*; systemctl restart kubelet`. It asks for a new one.',
  },
  'free-the-link': {
    text: 'Move the file away and restart the kubelet: it wants to make a link of that name, and never replaces a file.',
  },
  'set-the-clock': { text: 'Set the clock: compare `date -u` with the true time; use chrony with 169.254.169.123.' },
  'check-cloud-controller': {
    text: 'The cloud controller has not initialized the node: see whether its providerID names the instance, and the instance is in the account and VPC of the cluster.',
  },
  'check-kubelet': { text: 'See `systemctl status kubelet` and `journalctl -u kubelet`.' },
  'check-registration': { text: 'See what the kubelet says: `journalctl -u kubelet | grep -i register`.' },
  'run-as-root': { text: 'Run it as root: the certificate and the kubeconfig are for root alone.' },
  'look-on-node': { text: 'Run `bootwright csr` on the node: from here neither its files nor its port can be seen.' },
} as const satisfies Readonly<Record<string, Omit<Advice, 'code'>>>;

export type AdviceCode = keyof typeof ADVICE;

export const adviceOf = (code: AdviceCode): Advice => ({ code, ...ADVICE[code] });
