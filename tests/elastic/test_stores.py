"""Where multi-vectors go when nobody says so, and what rank_vectors on a trial ask for."""

from dataclasses import fields, replace
from typing import Any

import pytest

from es_jina.dense import dense_profiles
from es_jina.elastic.capabilities import Capabilities
from es_jina.elastic.stores import choose_store
from es_jina.errors import RequestError
from es_jina.profile import IndexProfile, MultiVectorProfile

NOTHING: dict[str, Any] = {field.name: None for field in fields(Capabilities)}
BASIC = Capabilities(**NOTHING | {"licence": "basic", "rank_vectors": False})
TRIAL = replace(BASIC, licence="trial", rank_vectors=True)
PAID = replace(TRIAL, licence="enterprise")
PROFILE = IndexProfile("m", None, dense_profiles(128), MultiVectorProfile("binary", "bit"), 1000)


@pytest.mark.parametrize(
    ("capabilities", "store", "why"),
    [
        (BASIC, "binary", "does not take rank_vectors"),
        (TRIAL, "binary", "would end with the trial"),
        (replace(TRIAL, licence="unknown"), "binary", "a licence that is unknown"),
        (PAID, "rank_vectors", "subscription has them"),
        (replace(PAID, licence="unknown", flavour="serverless"), "rank_vectors", "subscription"),
        # The licence alone is no module.
        (replace(PAID, rank_vectors=False), "binary", "does not take rank_vectors"),
    ],
)
def test_a_new_index(capabilities: Capabilities, store: str, why: str) -> None:
    choice = choose_store("auto", None, capabilities)
    assert choice.store == store
    assert why in choice.why
    assert not choice.warning


@pytest.mark.parametrize("kept", ["binary", "rank_vectors", None])
@pytest.mark.parametrize("capabilities", [BASIC, TRIAL, PAID])
def test_an_index_keeps_its_store(kept: Any, capabilities: Capabilities) -> None:
    multi = MultiVectorProfile(kept, "bit") if kept else None
    choice = choose_store("auto", replace(PROFILE, multi_vector=multi), capabilities)
    assert (choice.store, choice.why) == (kept, "as the index has it")


@pytest.mark.parametrize("asked", ["binary", "rank_vectors"])
def test_what_is_asked_for(asked: Any) -> None:
    choice = choose_store(asked, None, PAID)
    assert (choice.store, choice.why, choice.warning) == (asked, "", "")
    assert choose_store("none", None, PAID).store is None


def test_rank_vectors_on_a_trial_have_to_be_accepted() -> None:
    with pytest.raises(RequestError) as refused:
        choose_store("rank_vectors", None, TRIAL)
    told = str(refused.value)
    assert "\n" not in told
    for part in ("restarts", "red", "dense searches", "second trial is refused", "--yes"):
        assert part in told
    choice = choose_store("rank_vectors", None, TRIAL, accepted=True)
    assert choice.store == "rank_vectors"
    assert choice.warning
    assert told.startswith(choice.warning)
    # Neither an index that has them already nor a cluster that cannot have them is told so.
    assert not choose_store("rank_vectors", None, replace(TRIAL, rank_vectors=False)).warning
    ranked = replace(PROFILE, multi_vector=MultiVectorProfile("rank_vectors", "bit"))
    assert not choose_store("rank_vectors", ranked, TRIAL).warning
