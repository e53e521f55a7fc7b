/** Every path on a node that this program reads or writes, by name. Absolute, as seen from inside the root. */

// Kubelet
export const KUBELET_CONFIG = '/etc/kubernetes/kubelet/kubelet-config.json';
export const CLUSTER_CA = '/etc/kubernetes/pki/ca.crt';
export const KUBECONFIG = '/var/lib/kubelet/kubeconfig';
/** On an Outpost: with it the kubelet asks for the certificate that its own kubeconfig then holds. */
export const BOOTSTRAP_KUBECONFIG = '/var/lib/kubelet/bootstrap-kubeconfig';
export const KUBELET_UNIT = '/etc/systemd/system/kubelet.service';
export const KUBELET_DROP_IN_DIR = '/etc/systemd/system/kubelet.service.d';
export const KUBELET_ARGS_DROP_IN = '/etc/systemd/system/kubelet.service.d/10-kubelet-args.conf';
export const KUBELET_EXTRA_ARGS_DROP_IN = '/etc/systemd/system/kubelet.service.d/30-kubelet-extra-args.conf';

// Kubelet on Amazon Linux 2023, where nodeadm's files are
export const NODEADM_KUBELET_CONFIG = '/etc/kubernetes/kubelet/config.json';
export const NODEADM_KUBELET_DROP_IN_DIR = '/etc/kubernetes/kubelet/config.json.d';
export const NODEADM_KUBELET_DROP_IN = '/etc/kubernetes/kubelet/config.json.d/40-nodeadm.conf';
export const NODEADM_KUBELET_ENVIRONMENT = '/etc/eks/kubelet/environment';

// Credential plugins
/** Where the AWS CLI is: the distribution's package, Amazon's installer. */
export const AWS_CLI_PLACES = ['/usr/bin/aws', '/usr/local/bin/aws'] as const;
export const CREDENTIAL_PROVIDER_DIR = '/etc/eks/image-credential-provider';
export const CREDENTIAL_PROVIDER_CONFIG = '/etc/eks/image-credential-provider/config.json';
export const ECR_CREDENTIAL_PROVIDER = '/etc/eks/image-credential-provider/ecr-credential-provider';
export const IAM_AUTHENTICATOR = '/usr/bin/aws-iam-authenticator';
export const BOOTWRIGHT = '/usr/bin/bootwright';

// containerd
export const CONTAINERD_DIR = '/etc/containerd';
export const CONTAINERD_CONFIG = '/etc/containerd/config.toml';
export const CONTAINERD_DROP_IN_DIR = '/etc/containerd/config.d';
export const CNI_CONFIG_DIR = '/etc/cni/net.d';
export const SANDBOX_IMAGE_UNIT = '/etc/systemd/system/sandbox-image.service';
export const CONTAINERD_SOCKET = '/run/containerd/containerd.sock';

// dockerd, for kubelets before 1.24
export const DOCKER_DIR = '/etc/docker';
export const DOCKER_CONFIG = '/etc/docker/daemon.json';
/** Amazon's and Docker's own packages; Debian's. */
export const DOCKERD_PLACES = ['/usr/bin/dockerd', '/usr/sbin/dockerd'] as const;
export const FIREWALL_RULES = '/etc/sysconfig/iptables';
export const FIREWALL_UNIT = '/etc/systemd/system/iptables-restore.service';

// NVIDIA
/** The package of NVIDIA's container toolkit; its container image. */
export const NVIDIA_RUNTIME_PLACES = ['/usr/bin/nvidia-container-runtime', '/usr/local/nvidia/toolkit/nvidia-container-runtime'] as const;

// Names of hosts
export const HOSTS = '/etc/hosts';
export const BASE_RUNTIME_SPEC = '/etc/containerd/base-runtime-spec.json';
export const RUNC = '/usr/sbin/runc';
export const NVIDIA_RUNTIME = '/usr/bin/nvidia-container-runtime';
/** Registries of the containers: who mirrors whom. */
export const CERTS_DIR = '/etc/containerd/certs.d';

// SOCI
export const SOCI_CONFIG = '/etc/soci-snapshotter-grpc/config.toml';
export const SOCI_SOCKET = '/run/soci-snapshotter-grpc/soci-snapshotter-grpc.sock';
export const SOCI_DROP_IN = '/etc/systemd/system/containerd.service.d/10-soci-snapshotter.conf';
/** The pause image as the EKS image brings it. */
export const PAUSE_ARCHIVE = '/etc/eks/pause.tar';

// Parts of the system beside the kubelet
export const MANAGER_ENVIRONMENT = '/etc/systemd/system.conf.d/environment.conf';
export const RESOLVED_DROP_IN = '/run/systemd/resolved.conf.d/40-eks.conf';
export const SYSCTLS = '/etc/sysctl.d/99-bootwright.conf';
/** From then on a new network interface belongs to the CNI. */
export const NODEADM_MARKER = '/run/nodeadm/init';

// What an EKS image of Amazon Linux 2 brings along, and people edit
export const AMI_KUBELET_UNIT = '/etc/eks/containerd/kubelet-containerd.service';
export const AMI_SANDBOX_IMAGE_UNIT = '/etc/eks/containerd/sandbox-image.service';
export const AMI_CONTAINERD_CONFIG = '/etc/eks/containerd/containerd-config.toml';
export const AMI_FIREWALL_UNIT = '/etc/eks/iptables-restore.service';
export const AMI_PULL_SANDBOX_IMAGE = '/etc/eks/containerd/pull-sandbox-image.sh';

/** Max pods by instance type, bootstrap.sh's own source. */
export const AMI_ENI_MAX_PODS = '/etc/eks/eni-max-pods.txt';
/** On images with NVIDIA's driver: bootstrap.sh called it before it started the kubelet. */
export const AMI_GPU_HELPER = '/etc/eks/bootstrap-gpu.sh';

// bpffs
export const BPF_MOUNT_UNIT = '/etc/systemd/system/sys-fs-bpf.mount';
export const BPF_MOUNT_POINT = '/sys/fs/bpf';

// Instance store
export const LOCAL_DISKS_DIR = '/mnt/k8s-disks';
export const LOCAL_DISKS_ARRAY = '/dev/md/kubernetes';
/** What setup-local-disks went by, and what `mdadm --assemble --config` may be given. */
export const MDADM_CONFIG = '/.aws/mdadm.conf';
/** Says for this boot which disks another program has set up. */
export const LOCAL_DISKS_STAMP = '/run/bootwright/local-disks';
/** Units that were stopped while their directories were moved, until they run again. */
export const LOCAL_DISKS_STOPPED = '/run/bootwright/local-disks-stopped';

// bootwright's own state
export const STATE_DIR = '/var/lib/bootwright';
export const MANIFEST = '/var/lib/bootwright/manifest.json';
export const INTENT = '/var/lib/bootwright/intent.json';
export const GENERATIONS_DIR = '/var/lib/bootwright/generations';
export const RUN_DIR = '/run/bootwright';
export const LOCK_DIR = '/run/bootwright/lock';
export const REPORT = '/run/bootwright/report.json';

/** PATH where the environment has none. */
export const SEARCH_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
