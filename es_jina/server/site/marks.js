// @ts-check
/** Texts with marked words, and names. */

import { make } from "./dom.js";

/**
 * Part a text into characters of Unicode, by which the server counts; JavaScript's own strings
 * count those beyond 16 bits as two.
 * @param {string} text
 * @returns {string[]}
 */
export function characters(text) {
  return Array.from(text);
}

/** Marks that turn the direction of what follows, so that a name seems to end otherwise. */
const TURNING = /[\u202a-\u202e\u2066-\u2069]/g;

/**
 * @param {string} name of anybody's making.
 * @returns {string} what can be shown of it.
 */
export function plain(name) {
  return name.replace(TURNING, "");
}

/**
 * @param {string} text
 * @param {[number, number][]} spans first and last + 1 character of each, in order.
 * @returns {Node[]} the text, with the spans in `<mark>`.
 */
export function marked(text, spans) {
  const all = characters(text);
  /** @type {Node[]} */
  const nodes = [];
  let done = 0;
  for (const [first, end] of spans) {
    if (first > done) nodes.push(new Text(all.slice(done, first).join("")));
    nodes.push(make("mark", {}, all.slice(first, end).join("")));
    done = end;
  }
  nodes.push(new Text(all.slice(done).join("")));
  return nodes;
}
