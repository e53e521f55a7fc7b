/** dockerd or containerd: which of them runs the node's containers. */
import type { Facts } from './facts.ts';
import { gateHolds, kubeletVersionOf } from './kubelet/versions.ts';
import { DOCKERD_PLACES } from './paths.ts';
import { inputOf } from './provenance.ts';
import { type Because, type Checked, type Decided, type Diagnostic, errorAt, warningAt } from './report.ts';
import type { AmazonLinux2Spec, ContainerRuntime } from './spec.ts';

/** The runtime as far as it can be told; undefined: it depends on the version of the kubelet, which is not known. */
export const knownRuntimeOf = (spec: AmazonLinux2Spec, facts: Facts): ContainerRuntime | undefined => {
  const given = spec.options.containerRuntime?.value;
  const version = kubeletVersionOf(facts).value?.value;
  if (version === undefined) return given;
  return gateHolds('dockerd', version) ? (given ?? 'dockerd') : 'containerd';
};

const CHANGES = ['--container-runtime, for kubelets before 1.24', 'another kubelet version'];

/** The runtime for a kubelet of this version (`1.23.17`), and what was given in vain. */
export const containerRuntimeOf = (spec: AmazonLinux2Spec, facts: Facts, kubeletVersion: string): Checked<Decided<ContainerRuntime>> => {
  const given = spec.options.containerRuntime;
  const version = inputOf(facts, 'host.kubeletVersion', kubeletVersion);
  const knowsDockerd = gateHolds('dockerd', kubeletVersion);
  if (given?.value === 'dockerd' && !knowsDockerd) {
    const message = 'containerd is the only supported container runtime as of Kubernetes version 1.24';
    return {
      diagnostics: [errorAt('unsupported-runtime', given.at, message, `Leave it out: the kubelet of this node is ${kubeletVersion}.`)],
    };
  }
  const value = given?.value ?? (knowsDockerd ? 'dockerd' : 'containerd');
  const because: Because = given
    ? {
        rule: 'container-runtime.given',
        text: `${value} was asked for.`,
        inputs: [{ name: '--container-runtime', value, origin: given.origin, at: given.at }, version],
      }
    : {
        rule: `container-runtime.${knowsDockerd ? 'before-1-24' : 'only'}`,
        text: knowsDockerd ? 'Kubelets before 1.24 run with dockerd unless told otherwise.' : 'Kubelets from 1.24 on know no dockerd.',
        inputs: [version],
      };
  const diagnostics = [...ignored(spec, value), ...(value === 'dockerd' ? missingDockerd(facts) : [])];
  return { value: { key: 'containerRuntime', value, because, changes: CHANGES }, diagnostics };
};

const missingDockerd = ({ host: { executables } }: Facts): readonly Diagnostic[] =>
  DOCKERD_PLACES.some((path) => executables?.[path] === true)
    ? []
    : [
        errorAt(
          'no-dockerd',
          'dockerd',
          'there is no dockerd on this node',
          'Install docker, use an EKS image for this kubelet, or give --container-runtime containerd.',
        ),
      ];

/** What only the other runtime reads. */
const ignored = ({ options }: AmazonLinux2Spec, runtime: ContainerRuntime): readonly Diagnostic[] => {
  const { dockerBridge, dockerConfigJson, containerdConfigFile } = options;
  const inVain = [
    { flag: '--enable-docker-bridge', given: dockerBridge?.value === true ? dockerBridge : undefined, reader: 'dockerd' },
    { flag: '--docker-config-json', given: dockerConfigJson, reader: 'dockerd' },
    { flag: '--containerd-config-file', given: containerdConfigFile, reader: 'containerd' },
  ];
  return inVain.flatMap(({ flag, given, reader }) =>
    given === undefined || reader === runtime
      ? []
      : [
          warningAt(
            'ignored-flag',
            given.at,
            `Flag ${flag} was set but will be ignored as it's not relevant to ${runtime}`,
            'Leave it out.',
          ),
        ],
  );
};
