// @ts-check
/** Asking for results, a step at a time. */

/**
 * @typedef {import("./state.js").State} State
 * @typedef {import("./wire.js").Found} Found
 */

import { RefusedError } from "./api.js";
import { plain } from "./marks.js";

/** The server answers with no more at once. */
const AT_ONCE = 100;

/** Letters that the server takes. */
const LONGEST = 10_000;

export class Search {
  #running = new AbortController();
  /** Whether what others shall resemble is a result, too: where a link opens it. */
  #itself = false;

  /**
   * @param {import("./api.js").Api} api
   * @param {(picture: string) => string} pictureOf gives what is sent for the picture of a state.
   */
  constructor(api, pictureOf) {
    this.api = api;
    this.pictureOf = pictureOf;
  }

  /** Give up what is being looked for. */
  stop() {
    this.#running.abort();
    this.#running = new AbortController();
  }

  /**
   * @param {State} state
   * @param {string} index
   * @param {number} from how many better results there are already.
   * @returns {AsyncGenerator<{found: Found, more: boolean}>} parts of the results, up to as many as
   *   the state shows.
   * @throws {RefusedError} the server says no, or would.
   */
  async *results(state, index, from) {
    const { signal } = this.#running;
    // The same for all parts, whatever is open by then.
    if (!from) this.#itself = state.open === state.like;
    for (let first = from; first < state.shown; first += AT_ONCE) {
      const size = Math.min(state.shown - first, AT_ONCE);
      const body = this.#body(state, index, first, size);
      /** @type {Found} */
      const found = await this.api.json("v1/search", body, signal);
      signal.throwIfAborted();
      found.hits = found.hits.map((hit) => ({
        ...hit,
        title: plain(hit.title),
        name: plain(hit.name),
      }));
      yield { found, more: found.hits.length === size };
      if (found.hits.length < size) return;
    }
  }

  /**
   * @param {State} state
   * @param {string} index
   * @param {number} from
   * @param {number} size
   */
  #body(state, index, from, size) {
    const filters = {
      ...(state.kinds.length && { kind: state.kinds }),
      ...(state.source && { source: state.source }),
    };
    return {
      index,
      ...this.#asked(state),
      ...(state.mode && { mode: state.mode }),
      size,
      from,
      filters,
      explain: true,
    };
  }

  /** @param {State} state */
  #asked(state) {
    if (state.like) return { ref: state.like, itself: this.#itself };
    if (!state.picture && Array.from(state.q).length > LONGEST) {
      const most = LONGEST.toLocaleString("en");
      throw new RefusedError(422, `That is too long to be looked for: at most ${most} letters.`);
    }
    return state.picture ? { image: this.pictureOf(state.picture) } : { query: state.q };
  }
}
