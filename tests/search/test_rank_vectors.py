import re
from typing import Any

import numpy as np
import pytest

from es_jina.search.rank_vectors import maxsim_of_score, maxsim_script

QUERY = np.eye(64, dtype=np.float32)[:2]


@pytest.mark.parametrize("element_type", ["float", "bfloat16", "byte", "bit"])
def test_the_script_has_all_that_it_names_and_is_never_below_0(element_type: Any) -> None:
    script = maxsim_script(QUERY, element_type)
    assert script["source"].startswith(
        "Math.max(0.0, maxSimDotProduct(params.query, 'multi_vector')"
    )
    params = script["params"]
    assert set(re.findall(r"params\.(\w+)", script["source"])) == set(params)
    whole = element_type == "byte"
    assert params["query"][0][:2] == [127 if whole else 1, 0]
    # Two perfect matches: 127 * 127 each for bytes, 1 each for the others.
    best = 2 * (127**2 if whole else 1) * params["factor"] + params["summand"]
    if element_type != "bit":
        assert maxsim_of_score(best + 1) == pytest.approx(1)


def test_bits_are_compared_with_bits() -> None:
    script = maxsim_script(QUERY, "bit", bits=True)
    assert "maxSimInvHamming(params.query, 'multi_vector')" in script["source"]
    params = script["params"]
    assert params["query"] == ["8000000000000000", "4000000000000000"]
    # maxSimInvHamming is the sum over the query of the share of bits that agree.
    for share, cosine in ((1.0, 1.0), (0.5, 0.0), (0.0, -1.0)):
        assert 2 * share * params["factor"] + params["summand"] == pytest.approx(cosine)


def test_a_document_without_the_field_has_no_maxsim() -> None:
    # A hundred-millionth of its first score is all that it has.
    assert maxsim_of_score(1e-8) is None
    assert maxsim_of_score(0.0) is None
    assert maxsim_of_score(1.25) == pytest.approx(0.25)
    assert maxsim_of_score(0.4) == pytest.approx(-0.6)
