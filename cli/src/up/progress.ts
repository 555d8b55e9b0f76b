/** What `hoptrace up` tells while it starts: one line a step, with its time. */

export interface Progress {
  /** Runs a step and prints it; a failure is printed with the step's name and thrown on. */
  step<T>(title: string, work: () => Promise<T>): Promise<T>;
  say(text: string): void;
}

export function createProgress(write: (text: string) => void, nowMs: () => number): Progress {
  return {
    say: (text) => write(`${text}\n`),
    async step(title, work) {
      const startedMs = nowMs();
      write(`  ${title} …`);
      try {
        const value = await work();
        write(` ${((nowMs() - startedMs) / 1000).toFixed(1)} s\n`);
        return value;
      } catch (error) {
        write(' failed\n');
        throw error;
      }
    },
  };
}
