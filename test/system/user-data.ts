/** What user data really does around bootstrap.sh, on Amazon Linux 2: see test/rig/user-data.ts. */
import { join } from 'node:path';
import t from 'tap';
import { comesUp } from '../rig/bootstrapped.ts';
import { liveCases } from '../rig/user-data.ts';

liveCases(t, join(import.meta.dirname, 'cases'), { kubelet: '1.32.3', containerd: '1.6' }, comesUp);
