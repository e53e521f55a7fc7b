/** User data of every way to launch a node of Amazon Linux 2023, through cloud-init and the units of systemd/: see test/rig/user-data.ts. */
import { join } from 'node:path';
import t from 'tap';
import { liveCases } from '../rig/user-data.ts';

liveCases(t, join(import.meta.dirname, 'cases-2023'), { system: 'amazon-linux-2023', kubelet: '1.34.1', containerd: '1.6' });
