/** Settings of the variants with NVIDIA's drivers: bottlerocket-settings-sdk (settings-extensions/kubelet-device-plugins). */
import { flag, form, whole, words } from './rules.ts';
import { type Fields, leaf, map, table } from './setting.ts';

const gpuModel = form(/^[a-z0-9]+\.\d+gb$/, 'the model of a GPU', 'Write it like a100.40gb.');
const migProfile = form(/^(?:[12347]|[0-9]g\.\d+gb)$/, 'a MIG profile', 'Write 1, 2, 3, 4, 7, or a profile like 1g.5gb.');
const STRATEGIES = words(['envvar', 'volume-mounts', 'cdi-cri']);

export const NVIDIA: Fields = {
  'kubelet-device-plugins': table(
    {
      nvidia: table({
        enabled: leaf(flag, { after: '1.57' }),
        'pass-device-specs': leaf(flag),
        'device-id-strategy': leaf(words(['uuid', 'index'])),
        'device-list-strategy': {
          kind: 'either',
          list: { kind: 'list', item: leaf(STRATEGIES) },
          other: leaf(STRATEGIES),
          listSince: '1.21',
        },
        'device-sharing-strategy': leaf(words(['none', 'time-slicing', 'mps'])),
        'time-slicing': table({
          replicas: leaf(whole(2, 2 ** 31 - 1)),
          'rename-by-default': leaf(flag),
          'fail-requests-greater-than-one': leaf(flag),
        }),
        mps: table({ replicas: leaf(whole(2, 48)), 'rename-by-default': leaf(flag) }),
        'device-partitioning-strategy': leaf(words(['none', 'mig'])),
        mig: table({ profile: map(gpuModel, migProfile) }),
      }),
    },
    { isNvidia: true },
  ),
  'nvidia-container-runtime': table(
    { 'visible-devices-as-volume-mounts': leaf(flag), 'visible-devices-envvar-when-unprivileged': leaf(flag) },
    { isNvidia: true },
  ),
  'kubelet-dra-drivers': table({ nvidia: table({ enabled: leaf(flag) }) }, { isNvidia: true, after: '1.58' }),
};
