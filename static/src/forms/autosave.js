/**
 * Saves a draft after every answer. One save runs at a time; what changes meanwhile goes with the next one, so
 * fast typing costs no more than the disk can take and the last answer is always in the last save.
 */

const RETRY_MS = 4_000;

/**
 * @typedef {{phase: "saved" | "saving" | "failed", message: string | null}} SaveState
 */

export class Autosave {
  /**
   * @param {() => Promise<void>} save stores the draft as it is at that moment
   * @param {(state: SaveState) => void} onState
   */
  constructor(save, onState) {
    this.save = save;
    this.onState = onState;
    this.dirty = false;
    this.stopped = false;
    /** @type {Promise<void> | null} */
    this.running = null;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.retry = undefined;
  }

  /**
   * Something was answered. Resolved when saving has ended, well or not.
   * @returns {Promise<void>}
   */
  changed() {
    if (this.stopped) return Promise.resolve();
    this.dirty = true;
    this.running ??= this.run().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  /** Resolved when everything answered so far is on the disk; rejects when it cannot be. */
  async flush() {
    clearTimeout(this.retry);
    if (this.running) await this.running;
    if (!this.dirty) return;
    this.dirty = false;
    await this.attempt();
  }

  /** No more saves: the draft has been completed or thrown away. */
  stop() {
    this.stopped = true;
    this.dirty = false;
    clearTimeout(this.retry);
  }

  async run() {
    clearTimeout(this.retry);
    this.onState({ phase: "saving", message: null });
    while (this.dirty && !this.stopped) {
      this.dirty = false;
      try {
        await this.attempt();
      } catch {
        return;
      }
    }
  }

  async attempt() {
    try {
      await this.save();
      if (!this.dirty) this.onState({ phase: "saved", message: null });
    } catch (error) {
      this.dirty = true;
      const message = error instanceof Error ? error.message : "The last answer is not saved yet.";
      this.onState({ phase: "failed", message });
      // Said on the screen; tried again by itself and at the next answer, also when it was leaving or locking
      // that tried.
      clearTimeout(this.retry);
      if (!this.stopped) this.retry = setTimeout(() => this.changed(), RETRY_MS);
      throw error;
    }
  }
}
