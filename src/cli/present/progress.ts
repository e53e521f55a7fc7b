/** Long waits made visible: a moving line on a terminal, a line per ten seconds elsewhere. */
import type { Terminal } from '../command.ts';

/** A wait as those who wait report it; the same `wait` again replaces its text. */
interface Wait {
  readonly wait: string;
  readonly text: string;
  readonly elapsedMs: number;
  readonly deadlineMs: number;
}

export interface ProgressView {
  readonly note: (wait: Wait) => void;
  /** Makes room on the terminal for a line of something else. */
  readonly clear: () => void;
  /** The wait is over: the moving line goes, timers end. */
  readonly stop: () => void;
}

interface ProgressOptions {
  readonly terminal: Terminal;
  /** Where a line goes when nobody watches. */
  readonly say: (text: string) => void;
  /** Milliseconds; parameters, so that tests are fast. */
  readonly everyMs?: number;
  readonly frameMs?: number;
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const seconds = (ms: number): number => Math.round(ms / 1000);

interface Noted extends Wait {
  readonly notedAt: number;
}

const textOf = ({ text, elapsedMs, deadlineMs, notedAt }: Noted): string =>
  `${text} (${seconds(elapsedMs + performance.now() - notedAt)} s, given up after ${seconds(deadlineMs)} s)`;

/** Shows the wait that has taken longest. Nothing is noted in a fast run, so nothing is shown. */
export const createProgress = ({ terminal, say, everyMs = 10_000, frameMs = 120 }: ProgressOptions): ProgressView => {
  const waits = new Map<string, Noted>();
  let frame = 0;
  let shown = false;
  let timer: NodeJS.Timeout | undefined;

  const longest = (): Noted | undefined => [...waits.values()].sort((a, b) => b.elapsedMs - a.elapsedMs)[0];
  const clear = (): void => {
    if (shown) terminal.write('\r\x1b[K');
    shown = false;
  };
  const draw = (): void => {
    const wait = longest();
    if (!wait) return;
    shown = true;
    terminal.write(`\r\x1b[K${FRAMES[frame++ % FRAMES.length]} ${textOf(wait).slice(0, Math.max(20, terminal.columns - 4))}`);
  };
  const tick = (): void => {
    const wait = longest();
    if (wait) say(`still waiting: ${textOf(wait)}`);
  };
  return {
    note: (wait) => {
      waits.set(wait.wait, { ...wait, notedAt: performance.now() });
      timer ??= (terminal.isTty ? setInterval(draw, frameMs) : setInterval(tick, everyMs)).unref();
    },
    clear,
    stop: () => {
      clearInterval(timer);
      timer = undefined;
      waits.clear();
      clear();
    },
  };
};
