/** The kubelet that runs: what it was started with and since when. The files may say something else by now. */
import { readFileSync } from 'node:fs';
import { readStartTime } from './boot.ts';

export interface KubeletProcess {
  /** Without the program's name. */
  readonly args: readonly string[];
  readonly secondsUp: number;
}

/** Of /proc/PID/stat's times; the kernel's interface has had 100 a second on every architecture since 2.6 (USER_HZ). */
const TICKS = 100;

/** undefined: there is no such process, or no /proc. */
export const readKubeletProcess = (pid: number): KubeletProcess | undefined => {
  const started = pid > 0 ? readStartTime(pid) : null;
  if (started === null) return undefined;
  try {
    const [uptime = '0'] = readFileSync('/proc/uptime', 'utf8').split(' ');
    const [, ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0$/, '').split('\0');
    return { args, secondsUp: Math.max(0, Number(uptime) - Number(started) / TICKS) };
  } catch {
    return undefined; // it has just ended
  }
};
