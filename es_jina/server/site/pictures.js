// @ts-check
/**
 * The pictures of results, fetched when they come into view.
 *
 * `<img>` can send no API key, so that each is fetched and shown from memory.
 */

import { RefusedError, isAbort } from "./api.js";

/** The server may have the picture another time: no way there, too busy, not ready. */
const PASSING = [0, 429, 503];
const PAUSE_MS = 3000;

/** So many at once: a browser opens six connections to a server, and a search needs one too. */
const AT_ONCE = 4;

/**
 * @param {"thumbnails" | "pictures"} size
 * @param {string} ref
 * @param {string} index
 * @returns {string}
 */
export function picturePath(size, ref, index) {
  return `${size}/${encodeURIComponent(ref)}?index=${encodeURIComponent(index)}`;
}

/** The thumbnails of one list of results. */
export class Thumbnails {
  /** @type {Map<Element, string>} paths of those that are not there yet */
  #missing = new Map();
  /** @type {Map<Element, AbortController>} what is being fetched */
  #coming = new Map();
  /** @type {Set<Element>} */
  #inView = new Set();
  /** @type {string[]} */
  #urls = [];
  #observer = new IntersectionObserver((seen) => this.#moved(seen), { rootMargin: "400px 0px" });

  /** @param {import("./api.js").Api} api */
  constructor(api) {
    this.api = api;
  }

  /**
   * Fetch a picture as soon as it is in view.
   * @param {HTMLImageElement} image gets the class `there`, or `gone` where there is none.
   * @param {string} path
   */
  watch(image, path) {
    this.#missing.set(image, path);
    this.#observer.observe(image);
  }

  /** Forget all: what is shown no longer keeps no memory. */
  clear() {
    this.#observer.disconnect();
    for (const fetching of this.#coming.values()) fetching.abort();
    this.#urls.forEach((url) => URL.revokeObjectURL(url));
    this.#urls = [];
    this.#missing.clear();
    this.#inView.clear();
    this.#coming.clear();
  }

  /** @param {IntersectionObserverEntry[]} seen */
  #moved(seen) {
    for (const { target, isIntersecting } of seen) {
      if (isIntersecting) this.#inView.add(target);
      else {
        this.#inView.delete(target);
        this.#coming.get(target)?.abort();
      }
    }
    this.#fill();
  }

  #fill() {
    for (const image of this.#inView) {
      if (this.#coming.size >= AT_ONCE) return;
      const path = this.#missing.get(image);
      if (path && !this.#coming.has(image)) {
        void this.#fetch(/** @type {HTMLImageElement} */ (image), path);
      }
    }
  }

  /**
   * @param {HTMLImageElement} image
   * @param {string} path
   */
  async #fetch(image, path) {
    const fetching = new AbortController();
    this.#coming.set(image, fetching);
    try {
      const url = URL.createObjectURL(await this.api.blob(path, fetching.signal));
      if (fetching.signal.aborted) return URL.revokeObjectURL(url);
      this.#urls.push(url);
      image.src = url;
      image.classList.add("there");
      this.#done(image);
    } catch (error) {
      if (isAbort(error)) return; // asked for again when it comes into view again
      if (error instanceof RefusedError && PASSING.includes(error.status)) {
        await new Promise((go) => setTimeout(go, PAUSE_MS));
      } else {
        image.classList.add("gone");
        this.#done(image);
      }
    } finally {
      if (this.#coming.get(image) === fetching) this.#coming.delete(image);
      this.#fill();
    }
  }

  /** @param {Element} image */
  #done(image) {
    this.#missing.delete(image);
    this.#inView.delete(image);
    this.#observer.unobserve(image);
  }
}
