// @ts-check
/** Enlarging a grid smoothly (Catmull-Rom): through each value, in the middle of its cell. */

/** @typedef {{values: Float32Array, width: number, height: number}} Grid rows, one after another */

/**
 * @param {Grid} grid
 * @param {number} times
 * @returns {Grid}
 */
export function enlarged(grid, times) {
  const wide = alongRows(grid, times);
  return turned(alongRows(turned(wide), times));
}

/**
 * @param {Grid} grid
 * @param {number} times
 * @returns {Grid}
 */
function alongRows({ values, width, height }, times) {
  const long = width * times;
  const made = new Float32Array(long * height);
  for (let x = 0; x < long; x++) {
    const place = (x + 0.5) / times - 0.5;
    const first = Math.floor(place);
    const weights = weightsAt(place - first);
    for (let y = 0; y < height; y++) {
      let sum = 0;
      for (let tap = 0; tap < 4; tap++) {
        const column = Math.min(Math.max(first - 1 + tap, 0), width - 1);
        sum += weights[tap] * values[y * width + column];
      }
      made[y * long + x] = sum;
    }
  }
  return { values: made, width: long, height };
}

/** @param {number} t the way from the second of four values to the third, 0 to 1. */
function weightsAt(t) {
  return [
    ((2 - t) * t - 1) * t * 0.5,
    ((3 * t - 5) * t * t + 2) * 0.5,
    ((4 - 3 * t) * t + 1) * t * 0.5,
    (t - 1) * t * t * 0.5,
  ];
}

/**
 * @param {Grid} grid
 * @returns {Grid} with rows for columns.
 */
function turned({ values, width, height }) {
  const made = new Float32Array(values.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) made[x * height + y] = values[y * width + x];
  }
  return { values: made, width: height, height: width };
}
