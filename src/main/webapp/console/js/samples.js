// How fast something goes, from how far it was at several times.
const KEPT = 240;

export class Samples {
  #all = [];

  add(done, at) {
    const last = this.#all[this.#all.length - 1];
    if (last && (at - last.at < 500 || done < last.done)) return;
    this.#all.push({ done, at });
    if (this.#all.length > KEPT) this.#all.shift();
  }

  /** A value for each pair of neighbours; chunks come in lumps, so each is over three of them. */
  perSecond() {
    const times = [];
    const values = [];
    for (let i = 1; i < this.#all.length; i += 1) {
      const from = this.#all[Math.max(0, i - 3)];
      const to = this.#all[i];
      times.push(new Date(to.at).toISOString());
      values.push((1000 * (to.done - from.done)) / (to.at - from.at));
    }
    const millis = this.#all.length ? this.#all[this.#all.length - 1].at - this.#all[0].at : 0;
    return { times, values, millis };
  }
}
