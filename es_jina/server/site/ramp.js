// @ts-check
/**
 * The colours of similarity: from nothing over amber and red to crimson.
 *
 * The colours are of middle lightness, so that they stand out from white paper and from dark
 * pictures; how strong a similarity is, is said by hue and opacity together.
 */

/** @typedef {[number, number, number, number]} Colour red, green, blue and opacity, 0 to 255 */

/** @type {[number, Colour][]} */
const STOPS = [
  [0, [255, 205, 90, 0]],
  [0.2, [255, 196, 70, 24]],
  [0.45, [255, 164, 38, 96]],
  [0.7, [247, 104, 36, 162]],
  [0.88, [228, 48, 62, 200]],
  [1, [190, 18, 92, 218]],
];

/** @param {number} at 0 to 1. */
function mixed(at) {
  const above = Math.max(1, STOPS.findIndex(([stop]) => stop >= at));
  const [first, low] = STOPS[above - 1];
  const [second, high] = STOPS[above];
  const share = (at - first) / (second - first);
  const colour = low.map((value, channel) => Math.round(value + (high[channel] - value) * share));
  return /** @type {Colour} */ (colour);
}

const SHADES = Array.from({ length: 256 }, (_, at) => mixed(at / 255));

/**
 * @param {number} strength 0 to 1.
 * @returns {Colour}
 */
export function colour(strength) {
  return SHADES[Math.round(strength * 255)];
}

/**
 * @param {number} strength 0 to 1.
 * @param {number} [share] of the opacity.
 * @returns {string} the colour for CSS.
 */
export function css(strength, share = 1) {
  const [red, green, blue, opacity] = colour(strength);
  return `rgb(${red} ${green} ${blue} / ${((opacity / 255) * share).toFixed(3)})`;
}
