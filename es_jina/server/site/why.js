// @ts-check
/** Why a result was found: the words, the scale of the colours, their strength, the numbers. */

import { make } from "./dom.js";
import { css } from "./ramp.js";
import { together, wordButtons } from "./words.js";

/**
 * @typedef {import("./wire.js").Explained} Explained
 * @typedef {import("./scale.js").Scale} Scale
 * @typedef {{word: string, value: number}[]} Values
 */

/** In hundredths; kept from one result to the next. */
let strength = 75;

/**
 * @param {Explained} explained
 * @returns {number[][]} the similarities of each word.
 */
export function valuesOf(explained) {
  if (explained.kind !== "text") return explained.grids.map((grid) => grid.flat());
  return explained.words.map((_, word) => explained.tokens.map((token) => token.scores[word]));
}

export class Why {
  #numbers = make("p", { class: "numbers", "aria-live": "polite" });
  #hint = "";

  /**
   * @param {Explained} explained
   * @param {Scale} scale
   * @param {(words: number[], strength: number) => void} draw
   */
  constructor(explained, scale, draw) {
    this.words = together(explained.words);
    this.draw = draw;
    const best = valuesOf(explained).map((values) => values.reduce((a, b) => Math.max(a, b), -1));
    const buttons = wordButtons(explained.words, best, (words) => {
      this.words = words;
      this.again();
    });
    this.element = make("div", {}, buttons, this.#slider(), legend(scale), this.#numbers);
    const where = explained.kind === "text" ? "a token" : "the page";
    this.#hint = `Point at ${where}, or go there with Tab and the arrow keys, for the numbers.`;
    this.tell(null);
  }

  again() {
    this.draw(this.words, strength / 100);
  }

  /**
   * Show similarities in numbers.
   * @param {Values | null} values
   */
  tell(values) {
    this.#numbers.classList.toggle("hint", !values);
    if (!values) return this.#numbers.replaceChildren(this.#hint);
    const best = Math.max(...values.map(({ value }) => value));
    const shown = values.map(({ word, value }) => {
      const name = value === best ? "b" : "span";
      return make(name, { dir: "auto" }, `${word} ${value.toFixed(2)} `);
    });
    this.#numbers.replaceChildren(...shown);
  }

  #slider() {
    const range = make("input", { type: "range", min: 0, max: 100, step: 5, value: strength });
    range.addEventListener("input", () => {
      strength = range.valueAsNumber;
      this.again();
    });
    return make("label", { class: "strength" }, make("span", {}, "Strength"), range);
  }
}

/** @param {Scale} scale */
function legend(scale) {
  const steps = Array.from({ length: 13 }, (_, at) => at / 12);
  const bar = make("div", { class: "legend-bar" });
  const colours = steps.map((share) => css(scale.strength(scale.at(share))));
  bar.style.backgroundImage = `linear-gradient(to right, ${colours.join(", ")})`;
  const ends = [0, 0.5, 1].map((share) => make("span", {}, scale.at(share).toFixed(2)));
  return make(
    "div",
    { class: "legend" },
    bar,
    make("div", { class: "legend-ends" }, ...ends),
    make("p", {}, "Cosine similarity; one scale for all words"),
  );
}
