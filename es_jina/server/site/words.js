// @ts-check
/** A button for each word of the query: pressed ones are shown alone, none pressed all together. */

import { make } from "./dom.js";

/** @typedef {import("./wire.js").Word} Word */

/**
 * @param {Word[]} words
 * @param {number[]} best similarity of each.
 * @param {(words: number[]) => void} choose is told the numbers of the words to show.
 * @returns {HTMLElement}
 */
export function wordButtons(words, best, choose) {
  /** @type {Set<number>} */
  const pressed = new Set();
  const all = make("button", { type: "button", "aria-pressed": true }, "All words");
  const buttons = words.map((word, at) => {
    const button = make(
      "button",
      { type: "button", "aria-pressed": false, dir: "auto" },
      `${word.word} `,
      make("small", {}, best[at].toFixed(2)),
    );
    button.classList.toggle("unknown-word", !word.known);
    button.title = word.known ? "Best similarity on the page" : "The model does not know this word";
    button.addEventListener("click", () => {
      if (!pressed.delete(at)) pressed.add(at);
      show();
    });
    return button;
  });
  all.addEventListener("click", () => {
    pressed.clear();
    show();
  });

  function show() {
    all.setAttribute("aria-pressed", `${!pressed.size}`);
    buttons.forEach((button, at) => button.setAttribute("aria-pressed", `${pressed.has(at)}`));
    choose(pressed.size ? [...pressed].sort((a, b) => a - b) : together(words));
  }

  const shown = words.length > 1 ? [all, ...buttons] : buttons;
  return make("div", { class: "word-buttons", role: "group", "aria-label": "Words" }, ...shown);
}

/**
 * @param {Word[]} words
 * @returns {number[]} those that are shown together: what the model does not know says nothing.
 */
export function together(words) {
  const numbers = [...words.keys()];
  const known = numbers.filter((at) => words[at].known);
  return known.length ? known : numbers;
}
