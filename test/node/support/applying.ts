/** One run: lock, plan, apply; without a PATH in an image, with one on a live node whose systemctl is there. What a test breaks. */
import { withLock } from '../../../src/node/lock.ts';
import { createSystemd } from '../../../src/node/systemd.ts';
import { converge } from './nodes.ts';

const [, , root = '', args = '', searchPath = '/proc/nonexistent'] = process.argv;
const live = searchPath !== '/proc/nonexistent';
const place = { root, live, searchPath, systemd: createSystemd({ root, live, searchPath }) };
await withLock(root, { command: 'test', waitMs: 0, random: Math.random }, () => converge(place, { args, maxPods: 29 }));
