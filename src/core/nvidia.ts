/** NVIDIA's container runtime on GPU nodes: bootstrap.sh had a helper of the image set it up, after everything else was written. */
import type { Facts } from './facts.ts';
import { AMI_GPU_HELPER, NVIDIA_RUNTIME_PLACES } from './paths.ts';
import { inputOf } from './provenance.ts';
import { type Checked, type Decided, errorAt } from './report.ts';

const CHANGES = ['an instance type with, or without, a GPU of NVIDIA', `an image with, or without, ${AMI_GPU_HELPER}`];

/**
 * Path of the runtime that containers are to get the GPU by, on an instance with such a GPU and an image that brings upstream's helper;
 * undefined: an ordinary node. The helper itself is not run: it edits what was just written, so two runs would never agree.
 */
export const nvidiaRuntimeOf = (facts: Facts): Checked<Decided<string> | undefined> => {
  const { executables, nvidiaDevice } = facts.host;
  if (executables?.[AMI_GPU_HELPER] !== true || nvidiaDevice !== true) return { value: undefined, diagnostics: [] };
  const value = NVIDIA_RUNTIME_PLACES.find((path) => executables[path] === true);
  if (value === undefined) {
    const message =
      'this is a GPU node (an NVIDIA device, and an image that brings the GPU helper), and it has no nvidia-container-runtime';
    const remedy = `Install NVIDIA's container toolkit as ${NVIDIA_RUNTIME_PLACES[0]}, or remove ${AMI_GPU_HELPER} from the image.`;
    return { diagnostics: [errorAt('no-nvidia-runtime', NVIDIA_RUNTIME_PLACES[0], message, remedy)] };
  }
  const because = {
    rule: 'nvidia-runtime.device',
    text: 'A GPU node: containers run through the runtime of NVIDIA, by default. What the image’s helper would have set up is written here.',
    inputs: [
      inputOf(facts, `host.executables.${AMI_GPU_HELPER}`, true),
      inputOf(facts, 'host.nvidiaDevice', true),
      inputOf(facts, `host.executables.${value}`, true),
    ],
  };
  return { value: { key: 'nvidiaRuntime', value, because, changes: CHANGES }, diagnostics: [] };
};
