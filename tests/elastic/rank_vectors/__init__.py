"""A double of Elasticsearch's rank_vectors in front of a real node.

The small distribution lacks the mapping type, the script language and the rrf retriever. The double
is an HTTP server between a client and the node: it keeps multi-vectors in ``binary`` fields there,
holds documents, mappings, scripts and licence to the rules that were measured (facts page, sections
4, 6 and 12), and lets the node do everything else.
"""
