// @ts-check
/** What the stages of a search are called, and what they measure. */

/**
 * @typedef {object} StageName
 * @property {string} short beside a result.
 * @property {string} long where there is room.
 * @property {string} told what it does.
 */

/** @type {Record<string, StageName>} */
const NAMES = {
  embed: { short: "embed", long: "Query embedded", told: "The model makes vectors of the query" },
  words: { short: "BM25", long: "Words (BM25)", told: "Words that a text shares with the query" },
  coarse: { short: "coarse", long: "Coarse vectors", told: "Nearest short single vectors" },
  nearest: { short: "kNN", long: "Nearest vectors (kNN)", told: "Nearest single vectors" },
  fused: { short: "fused", long: "Fused by rank", told: "BM25 and kNN joined by reciprocal rank" },
  late: {
    short: "late",
    long: "Late interaction",
    told: "Each vector of the query with its best match on the page (MaxSim)",
  },
  rerank: { short: "rerank", long: "Reranked", told: "A reranker reads the best results" },
};

/**
 * @param {string} name as the server says it.
 * @returns {StageName}
 */
export function stageName(name) {
  return NAMES[name] ?? { short: name, long: name, told: name };
}

/**
 * @param {number} score
 * @returns {string} with as many digits as tell.
 */
export function scoreText(score) {
  if (Math.abs(score) >= 10) return score.toFixed(1);
  return score !== 0 && Math.abs(score) < 0.1 ? score.toFixed(4) : score.toFixed(3);
}

/**
 * @param {number} ms
 * @returns {string}
 */
export function timeText(ms) {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
