// @ts-check
/**
 * How similarities become strengths of colour.
 *
 * All words share one scale that is nearly absolute: it ends where a good match is, or at the best
 * similarity where that is better still. Stretched to its own best cell, a word that is not on the
 * page would glow as if it were.
 */

/** A word that is there matches about so well, of what is perfect. */
const GOOD = 0.9;

/** The scale begins between these, at what the page's cells have in the middle. */
const BEGINS = [0.1, 0.5];

/** Middle similarities are told apart from good ones by less than their share. */
const CONTRAST = 1.4;

export class Scale {
  /**
   * @param {number[][]} values of all words.
   * @param {number} perfect the similarity of what is the same.
   */
  constructor(values, perfect) {
    const all = values.flat().sort((a, b) => a - b);
    const middle = all[Math.floor(all.length / 2)] ?? 0;
    this.low = Math.min(Math.max(middle, BEGINS[0]), BEGINS[1]);
    this.high = Math.max(all[all.length - 1] ?? 0, GOOD * perfect);
  }

  /**
   * @param {number} value a similarity.
   * @returns {number} 0 to 1.
   */
  strength(value) {
    const share = (value - this.low) / (this.high - this.low);
    return Math.min(Math.max(share, 0), 1) ** CONTRAST;
  }

  /**
   * @param {number} share of the way from the lowest value to the highest.
   * @returns {number} the similarity there.
   */
  at(share) {
    return this.low + (this.high - this.low) * share;
  }
}
