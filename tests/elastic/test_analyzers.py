"""Which analyzer a language gets, and what is said where there is none."""

from functools import partial

import pytest
from elasticsearch import Elasticsearch

from es_jina.elastic.analyzers import choose_languages, has_analyzer, languages, unserved
from es_jina.errors import ClusterError, RequestError
from es_jina.languages import Language

# Elasticsearch's reference, "Language analyzers", of 9.x; all are in the module analysis-common.
DOCUMENTED = {
    *("arabic", "armenian", "basque", "bengali", "brazilian", "bulgarian", "catalan", "cjk"),
    *("czech", "danish", "dutch", "english", "estonian", "finnish", "french", "galician"),
    *("german", "greek", "hindi", "hungarian", "indonesian", "irish", "italian", "latvian"),
    *("lithuanian", "norwegian", "persian", "portuguese", "romanian", "russian", "serbian"),
    *("sorani", "spanish", "swedish", "turkish", "thai"),
}
# And its plugin reference, "Analysis plugins".
PLUGINS = {
    "kuromoji": "analysis-kuromoji",
    "nori": "analysis-nori",
    "polish": "analysis-stempel",
    "smartcn": "analysis-smartcn",
    "ukrainian": "analysis-ukrainian",
}


def accepts(*names: str) -> "partial[bool]":
    return partial(names.__contains__)


def test_the_table_holds_the_languages_of_the_model_and_documented_analyzers() -> None:
    table = languages()
    assert len(table) == 30
    assert list(table) == sorted(table)
    for code, served in table.items():
        assert len(code) == 2
        assert served.name.istitle()
        for analyzer, module in served.analyzers.items():
            assert PLUGINS.get(analyzer, "analysis-common") == module
            assert analyzer in DOCUMENTED | PLUGINS.keys()
    used = {analyzer for served in table.values() for analyzer in served.analyzers}
    assert used >= PLUGINS.keys()
    assert unserved([*table]) == ["Georgian", "Slovak", "Urdu", "Vietnamese"]


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        (("kuromoji", "cjk", "german"), {"de": "german", "ja": "kuromoji"}),
        (("cjk", "german"), {"de": "german", "ja": "cjk"}),
    ],
)
def test_the_best_analyzer_that_the_cluster_has(
    there: tuple[str, ...], expected: dict[str, str]
) -> None:
    chosen = choose_languages(["ja", "de", "vi", "de"], accepts(*there))
    assert chosen == [Language(*pair) for pair in expected.items()]


def test_without_a_cluster_one_that_nearly_every_cluster_has() -> None:
    told = choose_languages(["ja", "pl", "th", "cs:czech"], None)
    assert [language.analyzer for language in told] == ["czech", "cjk", "polish", "thai"]


def test_an_index_keeps_its_choice() -> None:
    kept = [Language("ja", "cjk"), Language("ko", "cjk")]
    everything = accepts("kuromoji", "nori", "cjk", "german")
    assert choose_languages(["de", "ja"], everything, kept) == [
        Language("de", "german"),
        Language("ja", "cjk"),
    ]
    assert choose_languages(["ja:kuromoji"], everything, kept) == [Language("ja", "kuromoji")]


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ("ja", r"no analyzer for Japanese.*kuromoji \(of analysis-kuromoji\) or cjk \(of analysis"),
        ("de:german", r"'de': this cluster has no analyzer 'german'; install it"),
        ("xx", r"'xx': choose from ar, bn,.*or name the analyzer too, as in xx:ANALYZER"),
        ("german", r"'german': write its code of two small letters"),
        ("de:", r"'de': its analyzer is missing"),
        ("", r"'': write its code"),
    ],
)
def test_what_cannot_be(told: str, message: str) -> None:
    with pytest.raises(RequestError, match=message) as refused:
        choose_languages([told], accepts("standard"))
    assert "\n" not in str(refused.value)


def test_the_cluster_is_asked(client: Elasticsearch) -> None:
    assert has_analyzer(client, "simple")
    # This distribution has no analyzer of a language.
    assert not has_analyzer(client, "german")
    assert choose_languages(["de:simple"], partial(has_analyzer, client)) == [
        Language("de", "simple")
    ]


def test_a_cluster_that_does_not_answer() -> None:
    with (
        Elasticsearch("http://127.0.0.1:9", max_retries=0) as absent,
        pytest.raises(ClusterError, match="asking the cluster whether it has the analyzer 'german"),
    ):
        has_analyzer(absent, "german")
