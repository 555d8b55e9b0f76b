/** Things that were started, to be stopped in reverse order: one that fails does not keep the others from stopping. */

interface Started {
  readonly name: string;
  stop(): Promise<unknown>;
}

export class Lifecycle {
  readonly #started: Started[] = [];
  #stopping: Promise<string[]> | null = null;

  add(name: string, stop: () => Promise<unknown>): void {
    this.#started.push({ name, stop });
  }

  /** Answers what could not be stopped, as `name: reason`. A second call waits for the first. */
  stop(): Promise<string[]> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<string[]> {
    const problems: string[] = [];
    for (let started = this.#started.pop(); started !== undefined; started = this.#started.pop()) {
      try {
        await started.stop();
      } catch (error) {
        problems.push(`${started.name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return problems;
  }
}
