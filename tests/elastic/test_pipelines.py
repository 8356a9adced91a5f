"""The pipeline for raw text: fitted to any profile, and its script run as Java.

No distribution at hand has Painless. The script keeps to what Painless shares with Java, so that a
compiler checks its syntax and a machine its arithmetic.
"""

import json
import subprocess
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from es_jina.dense import DenseProfile, ElementType, Similarity, dense_profiles
from es_jina.elastic.assets import assets, load
from es_jina.elastic.java import find_java
from es_jina.elastic.pipelines import processor_types
from es_jina.elastic.vectors import dense_value
from es_jina.providers import profile_for
from es_jina.providers.base import V4
from tests.schema import check

SHIPPED = load("ingest/passage", "pipelines")
PROFILE = profile_for(V4)

# Reads the vector's numbers, then for each field its name, dims, element type and similarity;
# writes the numbers of each field in a line, first of a vector in an array, then of one in a list.
PROGRAM = """
import java.util.*;

public class Fill {
  public static void main(String[] words) {
    Scanner given = new Scanner(System.in).useLocale(Locale.ROOT);
    double[] array = new double[given.nextInt()];
    List<Object> list = new ArrayList<>();
    for (int i = 0; i < array.length; i++) { array[i] = given.nextDouble(); list.add(array[i]); }
    List<Map<String, Object>> fields = new ArrayList<>();
    while (given.hasNext()) {
      fields.add(Map.of("field", given.next(), "dims", given.nextInt(),
          "element_type", given.next(), "similarity", given.next()));
    }
    Map<String, Object> params = Map.of("from", "vector", "fields", fields);
    for (Object vector : new Object[] {array, list}) {
      Map<Object, Object> ctx = new HashMap<>(Map.of("vector", vector));
      fill(ctx, params);
      for (Map<String, Object> field : fields) { System.out.println(ctx.get(field.get("field"))); }
    }
  }

  static void fill(Map ctx, Map params) {
%s
  }
}
"""


def part(pipeline: dict[str, Any], kind: str) -> dict[str, Any]:
    (found,) = (each[kind] for each in pipeline["processors"] if kind in each)
    body: dict[str, Any] = found
    return body


def filled(
    vector: NDArray[np.float32], fields: list[DenseProfile], folder: Path
) -> list[NDArray[np.float64]]:
    """Run the shipped script; return the numbers of each field."""
    source = folder / "Fill.java"
    source.write_text(PROGRAM % part(SHIPPED, "script")["source"])
    given: list[Any] = [len(vector), *map(float, vector)]
    for number, field in enumerate(fields):
        given += [f"field{number}", field.dims, field.element_type, field.similarity]
    ran = subprocess.run(
        [find_java() / "bin" / "java", source],
        input=" ".join(map(str, given)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert lines[: len(fields)] == lines[len(fields) :]
    return [np.array(json.loads(line)) for line in lines[: len(fields)]]


def test_the_script_makes_of_a_vector_what_ingesting_makes_of_it(tmp_path: Path) -> None:
    kinds: list[tuple[ElementType, Similarity]] = [
        *(("float", name) for name in ("dot_product", "cosine", "l2_norm", "max_inner_product")),
        *(("byte", name) for name in ("dot_product", "cosine", "l2_norm", "max_inner_product")),
        *(("bfloat16", name) for name in ("dot_product", "cosine")),
        ("bit", "l2_norm"),
    ]
    fields = [
        DenseProfile.of(dims, None, element_type, similarity)
        for dims in (128, 256)
        for element_type, similarity in kinds
    ]
    vector = np.random.default_rng(6).standard_normal(256).astype(np.float32)
    vector[[3, 8]] = 0.0
    for field, numbers in zip(fields, filled(vector, fields, tmp_path), strict=True):
        ours = dense_value(vector, field, base64_allowed=False)
        if isinstance(ours, str):
            stored = np.frombuffer(bytes.fromhex(ours), np.int8)
            assert numbers.dtype.kind == "i"
            assert np.array_equal(numbers, stored), field
        else:
            np.testing.assert_allclose(numbers, ours, rtol=1e-6, atol=1e-9)


def test_the_shipped_pipeline_is_the_one_of_the_default_profile() -> None:
    """Put by hand, it serves an index named es-jina."""
    assert assets("es-jina", PROFILE).pipeline == SHIPPED


@pytest.mark.parametrize(
    "dense",
    [
        dense_profiles(128),
        dense_profiles(128, 512, 2048),
        (DenseProfile.of(256, None, "bit"), DenseProfile.of(1024, None, "byte")),
    ],
)
def test_the_pipeline_is_fitted_to_a_profile(dense: tuple[DenseProfile, ...]) -> None:
    before = deepcopy(SHIPPED)
    profile = replace(PROFILE, dense=dense)
    pipeline = assets("docs", profile).pipeline
    assert check("ingest.put_pipeline", pipeline) == []
    finest = dense[-1].field
    assert part(pipeline, "inference")["model_id"] == "docs-passage"
    assert part(pipeline, "inference")["input_output"] == [
        {"input_field": "text", "output_field": finest}
    ]
    params = part(pipeline, "script")["params"]
    assert params["from"] == finest
    assert [DenseProfile.of(f["dims"], None, f["element_type"]) for f in params["fields"]] == [
        DenseProfile.of(f.dims, None, f.element_type) for f in dense
    ]
    assert pipeline["processors"][-1]["set"]["value"] == profile.fingerprint
    assert "POST docs/_update_by_query?pipeline=docs-passage" in pipeline["description"]
    # A run that fails leaves no vector, and one that is repeated none of an earlier text.
    names = [field.field for field in dense]
    assert pipeline["on_failure"][-1]["remove"]["field"] == names
    assert pipeline["processors"][0]["remove"]["field"] == ["ingest_error", "profile", *names]
    assert before == load("ingest/passage", "pipelines")


def test_every_field_that_is_set_is_in_the_mapping() -> None:
    """Or nothing would find it again."""
    document = load("component_templates/es-jina-document")["template"]["mappings"]["properties"]
    named = {
        each["set"]["field"]
        for each in [*SHIPPED["processors"], *SHIPPED["on_failure"]]
        if "set" in each
    }
    assert named == {
        *("kind", "ref", "ingested_at", "profile"),
        *("ingest_error.message", "ingest_error.processor"),
    }
    for field in named:
        name, _, inner = field.partition(".")
        assert not inner or inner in document[name]["properties"]
        assert name in document


def test_the_processors_that_a_cluster_must_have() -> None:
    assert processor_types(SHIPPED) == {"set", "remove", "trim", "inference", "script"}
