/** A line of the bootstrap.sh dialect on Amazon Linux 2023: the same wish, as far as that system can fulfil it. */
import { ECR_CREDENTIAL_PROVIDER } from '../paths.ts';
import { type Checked, type Diagnostic, errorAt, hasErrors, type Sourced, warningAt } from '../report.ts';
import type { AmazonLinux2Spec, AmazonLinux2023Spec } from '../spec.ts';
import { LOCAL_PAUSE_IMAGE } from './amazon-linux-2023-containerd-text.ts';

/** A value that somebody gave; undefined: the default's. */
const said = <T>(value: Sourced<T> | undefined): Sourced<T> | undefined => (value?.origin === 'default' ? undefined : value);

const diagnosticsOf = ({ options }: AmazonLinux2Spec): readonly Diagnostic[] => {
  const { containerRuntime, dockerConfigJson, dockerBridge, mountBpfFs, pauseAccount, pauseVersion, pauseImage } = options;
  const found: Diagnostic[] = [];
  if (containerRuntime?.value === 'dockerd') {
    const message = 'there is no dockerd on Amazon Linux 2023: containerd is the only container runtime';
    found.push(errorAt('unsupported-runtime', containerRuntime.at, message, 'Leave it out.'));
  }
  for (const docker of [dockerConfigJson, dockerBridge?.value === true ? dockerBridge : undefined]) {
    if (docker === undefined) continue;
    found.push(warningAt('ignored-flag', docker.at, 'is not used: there is no dockerd on Amazon Linux 2023', 'Leave it out.'));
  }
  for (const pause of [said(pauseAccount), said(pauseVersion), said(pauseImage)]) {
    if (pause === undefined) continue;
    const message = `is not used: images of Amazon Linux 2023 bring their own pause image, ${LOCAL_PAUSE_IMAGE}`;
    const remedy = 'Leave it out, or name the image in a file for --containerd-config-file.';
    found.push(warningAt('ignored-flag', pause.at, message, remedy));
  }
  if (said(mountBpfFs)?.value === false) {
    const message = 'is not used: systemd mounts a bpffs on Amazon Linux 2023 by itself';
    found.push(warningAt('ignored-flag', mountBpfFs.at, message, 'Leave it out.'));
  }
  return found;
};

/** The spec for this target. Errors: what it cannot do at all. Warnings: what it does by itself. */
export const forAmazonLinux2023 = (spec: AmazonLinux2Spec): Checked<AmazonLinux2023Spec> => {
  const diagnostics = diagnosticsOf(spec);
  if (hasErrors(diagnostics)) return { diagnostics };
  const { options, target: _target, ...common } = spec;
  return {
    value: {
      ...common,
      target: 'amazon-linux-2023',
      options: {
        kind: 'amazon-linux-2023',
        language: 'bootstrap.sh',
        startedAtBootBy: 'systemd',
        describesCluster: { value: true, origin: 'default', at: 'bootstrap.sh' },
        ...(options.localDisks ? { localDisks: options.localDisks } : {}),
        ...(options.containerdConfigFile ? { containerdConfigFile: options.containerdConfigFile } : {}),
        fastImagePull: { value: false, origin: 'default', at: 'bootstrap.sh' },
        credentialProvider: { value: ECR_CREDENTIAL_PROVIDER, origin: 'default', at: 'bootstrap.sh' },
        extras: {},
      },
    },
    diagnostics,
  };
};
