// @ts-check
/** The heat map over a picture: drawn, and asked cell by cell. */

import { make } from "./dom.js";
import { enlarged } from "./enlarge.js";
import { colour } from "./ramp.js";

/**
 * @typedef {import("./wire.js").PictureExplained} PictureExplained
 * @typedef {import("./scale.js").Scale} Scale
 * @typedef {{row: number, column: number}} Cell
 */

/** Longest side in pixels: the picture's own would be slower and look the same. */
const SIDE = 640;

export class HeatMap {
  canvas = make("canvas", { class: "heat-canvas", "aria-hidden": true });

  /**
   * @param {PictureExplained} explained
   * @param {Scale} scale
   */
  constructor(explained, scale) {
    this.explained = explained;
    this.scale = scale;
  }

  /**
   * Draw the best similarity of some words.
   * @param {number[]} words their numbers.
   */
  draw(words) {
    const { width, height } = this.explained;
    const values = Float32Array.from({ length: width * height }, (_, at) =>
      Math.max(...this.at({ row: Math.floor(at / width), column: at % width }, words)),
    );
    const times = Math.max(1, Math.floor(SIDE / Math.max(width, height)));
    this.#paint(enlarged({ values, width, height }, times));
  }

  /**
   * @param {Cell} cell
   * @param {number[]} words
   * @returns {number[]} the similarity of each word.
   */
  at({ row, column }, words) {
    return words.map((word) => this.explained.grids[word]?.[row]?.[column] ?? 0);
  }

  /**
   * @param {number} x share of the width, 0 to 1.
   * @param {number} y share of the height.
   * @returns {Cell}
   */
  cellAt(x, y) {
    const { width, height } = this.explained;
    return {
      row: Math.min(Math.max(Math.floor(y * height), 0), height - 1),
      column: Math.min(Math.max(Math.floor(x * width), 0), width - 1),
    };
  }

  /**
   * @param {number[]} words
   * @returns {Cell} where they match best.
   */
  hottest(words) {
    const { width, height } = this.explained;
    let best = -Infinity;
    let found = { row: 0, column: 0 };
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const value = Math.max(...this.at({ row, column }, words));
        if (value > best) [best, found] = [value, { row, column }];
      }
    }
    return found;
  }

  /** @param {import("./enlarge.js").Grid} grid */
  #paint({ values, width, height }) {
    Object.assign(this.canvas, { width, height });
    const image = new ImageData(width, height);
    values.forEach((value, at) => image.data.set(colour(this.scale.strength(value)), at * 4));
    this.canvas.getContext("2d")?.putImageData(image, 0, 0);
  }
}
