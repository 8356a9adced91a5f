// @ts-check
/** The text of a result, its tokens coloured by their similarity. */

import { isPlain, make } from "./dom.js";
import { characters } from "./marks.js";
import { css } from "./ramp.js";

/** Less than on pictures, so that the text on it can be read. */
const SHARE = 0.62;

/** Where an editor has broken a long line: there the text may flow on. */
const BROKEN = /(?<=[^\n]{60})\n(?=[\p{L}\p{N}])/gu;

const NAME = "The text; arrow keys tell the similarity of each token";

export class ColouredText {
  /** @type {HTMLElement[]} one for each token */
  #tokens;
  #at = -1;
  /** @type {number[]} */
  words = [];

  /**
   * @param {import("./wire.js").TextExplained} explained
   * @param {import("./scale.js").Scale} scale
   * @param {(values: {word: string, value: number}[] | null) => void} tell
   */
  constructor(explained, scale, tell) {
    this.explained = explained;
    this.scale = scale;
    this.tell = tell;
    const letters = characters(explained.text.replace(BROKEN, " "));
    this.#tokens = explained.tokens.map(() => make("span", { class: "token" }));
    this.element = make(
      "div",
      { class: "text-page", dir: "auto", tabindex: 0, role: "application", "aria-label": NAME },
      make("p", {}, ...this.#pieces(letters)),
    );
    this.element.addEventListener("pointermove", (event) => this.#pointed(event));
    this.element.addEventListener("pointerdown", (event) => this.#pointed(event));
    this.element.addEventListener("pointerleave", () => this.#show(-1));
    this.element.addEventListener("blur", () => this.#show(-1));
    this.element.addEventListener("keydown", (event) => this.#pressed(event));
  }

  /**
   * Colour the tokens by the best similarity of some words.
   * @param {number[]} words
   * @param {number} strength 0 to 1.
   */
  draw(words, strength) {
    this.words = words;
    this.#tokens.forEach((token, at) => {
      const best = Math.max(...words.map((word) => this.explained.tokens[at].scores[word]));
      token.style.backgroundColor = css(this.scale.strength(best), strength * SHARE);
    });
    if (this.#at >= 0) this.#show(this.#at);
  }

  /**
   * @param {string[]} letters of the text.
   * @returns {(string | HTMLElement)[]} all of it, once: tokens may share a letter.
   */
  #pieces(letters) {
    /** @type {(string | HTMLElement)[]} */
    const pieces = [];
    let done = 0;
    this.explained.tokens.forEach(({ start, end }, at) => {
      if (start > done) pieces.push(letters.slice(done, start).join(""));
      this.#tokens[at].textContent = letters.slice(Math.max(start, done), end).join("");
      pieces.push(this.#tokens[at]);
      done = Math.max(done, end);
    });
    return [...pieces, letters.slice(done).join("")];
  }

  /** @param {PointerEvent} event */
  #pointed(event) {
    this.#show(this.#tokens.indexOf(/** @type {HTMLElement} */ (event.target)));
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || !isPlain(event)) return;
    event.preventDefault();
    event.stopPropagation(); // in the viewer they lead to other results
    this.#show(Math.min(Math.max(this.#at + step, 0), this.#tokens.length - 1));
    this.#tokens[this.#at]?.scrollIntoView({ block: "nearest" });
  }

  /** @param {number} at -1 for none. */
  #show(at) {
    this.#tokens[this.#at]?.classList.remove("probed");
    this.#tokens[at]?.classList.add("probed");
    this.#at = at;
    const token = this.explained.tokens[at];
    if (!token) return this.tell(null);
    const { words } = this.explained;
    this.tell(this.words.map((word) => ({ word: words[word].word, value: token.scores[word] })));
  }
}
