// @ts-check
/**
 * What the server's routes answer: types only.
 *
 * Places in a text (`start`, `end`, `highlights`) count characters of Unicode, as Python does; see
 * characters() in marks.js.
 *
 * @typedef {object} IndexFacts
 * @property {string} name
 * @property {number} documents
 * @property {Record<string, number>} kinds how many documents of each kind: page, image, text.
 * @property {string[]} modes that it can be searched by.
 * @property {string} profile in one line.
 *
 * @typedef {object} Served
 * @property {IndexFacts[]} indices
 * @property {{name: string, toy: string | null}} model
 * @property {{query: string}[]} examples
 * @property {boolean} can_add
 * @property {boolean} fetches_urls
 * @property {{body_bytes: number, image_bytes: number}} limits
 *
 * @typedef {object} Place
 * @property {number} rank from 1.
 * @property {number} score
 *
 * @typedef {object} Hit
 * @property {number} rank
 * @property {string} ref
 * @property {number} score
 * @property {string} title
 * @property {string} uri
 * @property {string} name of the file.
 * @property {string} kind
 * @property {number | null} page
 * @property {number | null} pages
 * @property {number | null} chunk
 * @property {string} snippet
 * @property {[number, number][]} highlights
 * @property {Record<string, Place>} stages
 * @property {boolean} picture whether there is one to show.
 *
 * @typedef {object} Found
 * @property {string} index
 * @property {string} mode
 * @property {{embed_ms: number, search_ms: number}} took
 * @property {{name: string, ms: number}[]} stages
 * @property {string[]} unknown words of the query that the model does not know.
 * @property {Hit[]} hits
 *
 * @typedef {object} Word
 * @property {string} word
 * @property {boolean} known
 *
 * @typedef {object} PictureExplained
 * @property {"page" | "image"} kind
 * @property {number} width of the grids, in cells.
 * @property {number} height of the grids, in cells.
 * @property {Word[]} words
 * @property {number} perfect the similarity of what is the same, as the index keeps it.
 * @property {number[][][]} grids for each word the rows of its similarities.
 *
 * @typedef {object} TextExplained
 * @property {"text"} kind
 * @property {string} text
 * @property {Word[]} words
 * @property {number} perfect
 * @property {{start: number, end: number, scores: number[]}[]} tokens with a score for each word.
 *
 * @typedef {PictureExplained | TextExplained} Explained
 *
 * @typedef {object} AddingEvent
 * @property {"progress" | "done"} event
 * @property {string} [stage]
 * @property {number} [done]
 * @property {number} [of]
 * @property {number} [units]
 * @property {number} [unchanged]
 * @property {string | null} [source] the URI of what was added; `null` for records.
 * @property {{name: string, error: string}[]} [failed]
 */

export {};
