// @ts-check
/** Similarities in numbers: of the cell under the pointer, or the one that the arrow keys reach. */

import { isPlain, make } from "./dom.js";

/**
 * @typedef {import("./heatmap.js").HeatMap} HeatMap
 * @typedef {import("./heatmap.js").Cell} Cell
 */

/** @type {Record<string, [number, number]>} */
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

export class Probe {
  #label = make("b", { dir: "auto" });
  frame = make("div", { class: "probe", hidden: true }, this.#label);
  /** @type {number[]} */
  words = [];
  /** @type {Cell | null} */
  #cell = null;

  /**
   * @param {HTMLElement} sheet that the heat map lies on.
   * @param {HeatMap} map
   * @param {(values: {word: string, value: number}[] | null) => void} tell
   * @param {AbortSignal} until
   */
  constructor(sheet, map, tell, until) {
    this.map = map;
    this.tell = tell;
    const options = { signal: until };
    sheet.addEventListener("pointermove", (event) => this.#pointed(sheet, event), options);
    sheet.addEventListener("pointerdown", (event) => this.#pointed(sheet, event), options);
    sheet.addEventListener("pointerleave", () => this.#show(null), options);
    sheet.addEventListener("blur", () => this.#show(null), options);
    sheet.addEventListener("focus", () => this.#focused(sheet), options);
    sheet.addEventListener("keydown", (event) => this.#pressed(event), options);
  }

  /** Show the cell that is shown with other words. */
  again() {
    this.#show(this.#cell);
  }

  /**
   * @param {HTMLElement} sheet
   * @param {PointerEvent} event
   */
  #pointed(sheet, event) {
    const box = sheet.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width;
    this.#show(this.map.cellAt(x, (event.clientY - box.top) / box.height));
  }

  /** @param {HTMLElement} sheet */
  #focused(sheet) {
    // A click has its own place.
    if (sheet.matches(":focus-visible")) this.#show(this.map.hottest(this.words));
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const step = STEPS[event.key];
    if (!step || !isPlain(event)) return;
    event.preventDefault();
    event.stopPropagation(); // in the viewer they lead to other results
    const { width, height } = this.map.explained;
    const from = this.#cell ?? this.map.hottest(this.words);
    const x = (from.column + step[1] + 0.5) / width;
    this.#show(this.map.cellAt(x, (from.row + step[0] + 0.5) / height));
    this.frame.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /** @param {Cell | null} cell */
  #show(cell) {
    this.#cell = cell;
    this.frame.hidden = !cell;
    if (!cell) return this.tell(null);
    const { width, height, words } = this.map.explained;
    Object.assign(this.frame.style, {
      left: `${(cell.column / width) * 100}%`,
      top: `${(cell.row / height) * 100}%`,
      width: `${100 / width}%`,
      height: `${100 / height}%`,
    });
    const values = this.map.at(cell, this.words);
    const told = this.words.map((word, at) => ({ word: words[word].word, value: values[at] }));
    const best = told.reduce((first, other) => (other.value > first.value ? other : first));
    this.#label.textContent = `${best.word} ${best.value.toFixed(2)}`;
    this.#label.className = `${cell.row ? "" : "below"} ${cell.column * 2 < width ? "" : "before"}`;
    this.tell(told);
  }
}
