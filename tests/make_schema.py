"""Writes tests/data/elasticsearch-schema.json: the request bodies Elasticsearch takes.

    npm pack @elastic/request-converter@9.5.0
    tar -xf elastic-request-converter-9.5.0.tgz
    python tests/make_schema.py package

That npm package carries Elastic's API specification (elastic/elasticsearch-specification, Apache
License 2.0) as one compiled file. What the requests below can reach is written as JSON Schema
2020-12, without descriptions, one type a line. It is strict: what the specification does not name
is refused, also where plugins could add a kind, so that a typing error is found.
"""

import argparse
import json
from pathlib import Path
from typing import Any

REQUESTS = (
    "cluster.put_component_template",
    "cluster.put_settings",
    "esql.query",
    "indices.create",
    "indices.put_index_template",
    "indices.update_aliases",
    "inference.put_custom",
    "inference.put_jinaai",
    "ingest.put_pipeline",
    "ingest.simulate",
    "msearch",
    "put_script",
    "search",
    "search_template",
)
TARGET = Path(__file__).parent / "data" / "elasticsearch-schema.json"

Schema = dict[str, Any]
# What the parameters of a generic type stand for.
Bindings = dict[str, Schema]

ONE: Schema = {"minProperties": 1, "maxProperties": 1}
INTEGER: Schema = {"type": "integer"}
PLAIN: dict[str, Schema] = {
    **{f"_builtins.{kind}": {"type": kind} for kind in ("boolean", "null", "number", "string")},
    # The specification makes numbers of them.
    **{f"_types.{kind}": INTEGER for kind in ("byte", "integer", "long", "short", "uint", "ulong")},
}
# The specification says so in words alone: a bare weight is a function too.
VARIANT_OPTIONAL = "_types.query_dsl.FunctionScoreContainer"


class Converter:
    """Turns types of the compiled specification into JSON Schema.

    Attributes:
        definitions: every type that was needed so far, by its full name.
    """

    def __init__(self, types: list[dict[str, Any]]) -> None:
        self._types = {full_name(declared["name"]): declared for declared in types}
        self.definitions: dict[str, Schema] = {}

    def reference(self, name: str) -> Schema:
        """Refer to a type, which is converted when it is needed first."""
        if name in PLAIN:
            return PLAIN[name]
        if name not in self.definitions:
            # Types hold themselves: a query is made of queries.
            self.definitions[name] = {}
            self.definitions[name] = self._definition(name, {})
        return {"$ref": f"#/$defs/{name}"}

    def _definition(self, name: str, bindings: Bindings) -> Schema:
        declared = self._types[name]
        match declared["kind"]:
            case "enum":
                return enumeration(declared)
            case "type_alias" if declared.get("variants", {}).get("kind") == "internal_tag":
                return self._tagged(declared)
            case "type_alias":
                return self._value(declared["type"], bindings)
            case "interface":
                return self._interface(declared, bindings)
            case "request":
                return self._body(declared["body"])
        raise ValueError(f"{name}: a {declared['kind']} is no part of a request")

    def _value(self, value: dict[str, Any], bindings: Bindings) -> Schema:
        match value["kind"]:
            case "instance_of":
                return self._instance(value, bindings)
            case "array_of":
                return {"type": "array", "items": self._value(value["value"], bindings)}
            case "union_of":
                return {"anyOf": [self._value(item, bindings) for item in value["items"]]}
            case "literal_value":
                return {"const": value["value"]}
            case "user_defined_value":
                return {}
            case "dictionary_of":
                schema = closed({}, self._value(value["value"], bindings))
                return schema | (ONE if value["singleKey"] else {})
        raise ValueError(f"values of an unknown kind: {value['kind']}")

    def _instance(self, value: dict[str, Any], bindings: Bindings) -> Schema:
        name = full_name(value["type"])
        if name in bindings:
            return bindings[name]
        if "generics" in value:
            return self._definition(name, self._bound(value, bindings))
        return self.reference(name)

    def _bound(self, value: dict[str, Any], bindings: Bindings) -> Bindings:
        parameters = self._types[full_name(value["type"])].get("generics", [])
        given = [self._value(argument, bindings) for argument in value.get("generics", [])]
        return dict(zip(map(full_name, parameters), given, strict=True))

    def _tagged(self, declared: dict[str, Any]) -> Schema:
        """One of several objects, told apart by one key: the message is of that one alone."""
        tag, default = declared["variants"]["tag"], declared["variants"].get("defaultTag")
        references = {
            self._tag(item["type"], tag): self.reference(full_name(item["type"]))
            for item in declared["type"]["items"]
        }
        return {
            "type": "object",
            "properties": {tag: {"enum": [*references]}},
            **({} if default else {"required": [tag]}),
            "allOf": [
                # Without the key, `properties` holds for any tag.
                {"if": is_tagged(tag, kind, optional=kind == default), "then": reference}
                for kind, reference in references.items()
            ],
        }

    def _tag(self, name: dict[str, str], tag: str) -> str:
        members = self._types[full_name(name)]["properties"]
        (kind,) = (member["type"]["value"] for member in members if member["name"] == tag)
        return str(kind)

    def _interface(self, declared: dict[str, Any], bindings: Bindings) -> Schema:
        schema = self._object(declared, bindings)
        if declared.get("variants", {}).get("kind") == "container":
            schema |= one_variant(declared)
        if shortcut := declared.get("shortcutProperty"):
            return {
                "if": {"type": "object"},
                "then": schema,
                "else": schema["properties"][shortcut],
            }
        return schema

    def _object(self, declared: dict[str, Any], bindings: Bindings) -> Schema:
        """An object with its own properties and those of what it inherits from."""
        schema = closed({})
        if parent := declared.get("inherits"):
            inherited = self._types[full_name(parent["type"])]
            schema = self._object(inherited, self._bound(parent, bindings))
        for behavior in declared.get("behaviors", []):
            if behavior["type"]["name"] in {"AdditionalProperties", "AdditionalProperty"}:
                schema["additionalProperties"] = self._value(behavior["generics"][1], bindings)
        for member in declared["properties"]:
            value = self._value(member["type"], bindings)
            schema["properties"] |= dict.fromkeys(names(member), value)
            # One of the other names would do as well.
            if member["required"] and not member.get("aliases"):
                schema["required"] = sorted({*schema.get("required", []), member["name"]})
        return schema

    def _body(self, body: dict[str, Any]) -> Schema:
        if body["kind"] == "value":
            return self._value(body["value"], {})
        return self._object(body, {})


def full_name(name: dict[str, str]) -> str:
    """Return a type's name with its namespace."""
    return f"{name['namespace']}.{name['name']}"


def names(member: dict[str, Any]) -> list[str]:
    """Return every name under which a property or an enum's value may be written."""
    return [member["name"], *member.get("aliases", [])]


def closed(properties: Schema, others: Schema | bool = False) -> Schema:
    """An object that has no other properties, or only others of one kind."""
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": others,
    }


def is_tagged(tag: str, kind: str, *, optional: bool) -> Schema:
    """Hold for objects of one kind."""
    schema: Schema = {"properties": {tag: {"const": kind}}}
    return schema if optional else schema | {"required": [tag]}


def enumeration(declared: dict[str, Any]) -> Schema:
    """One of several words; true and false may be written without quotes."""
    if declared.get("isOpen"):
        return {"type": "string"}
    words = [name for member in declared["members"] for name in names(member)]
    return {"enum": words + [word == "true" for word in words if word in {"true", "false"}]}


def one_variant(declared: dict[str, Any]) -> Schema:
    """Exactly one of an object's properties; some may stand beside any of them."""
    members = declared["properties"]
    variants = [member for member in members if not member.get("containerProperty")]
    if full_name(declared["name"]) == VARIANT_OPTIONAL:
        return {}
    if len(variants) == len(members):
        return ONE
    return {"oneOf": [{"required": [name]} for member in variants for name in names(member)]}


def make_schema(package: Path) -> str:
    """Return the schema as text.

    Args:
        package: the unpacked npm package.
    """
    about = json.loads((package / "package.json").read_text("utf-8"))
    specification = json.loads((package / "dist" / "schema.json").read_text("utf-8"))
    converter = Converter(specification["types"])
    endpoints = {endpoint["name"]: endpoint["request"] for endpoint in specification["endpoints"]}
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": (
            "Derived from the Elasticsearch API specification (elastic/elasticsearch-specification,"
            " Apache License 2.0) as compiled in the npm package"
            f" {about['name']} {about['version']}; changed in form by tests/make_schema.py."
        ),
        "requests": {name: converter.reference(full_name(endpoints[name])) for name in REQUESTS},
    }
    definitions = sorted(converter.definitions.items())
    lines = ",\n".join(f"{json.dumps(name)}:{compact(schema)}" for name, schema in definitions)
    return f'{compact(head)[:-1]},\n"$defs":{{\n{lines}\n}}}}\n'


def compact(schema: Schema) -> str:
    """Return JSON without spaces."""
    return json.dumps(schema, separators=(",", ":"))


def main() -> None:
    """Run from a shell."""
    parser = argparse.ArgumentParser(description="write tests/data/elasticsearch-schema.json")
    parser.add_argument("package", type=Path, help="the unpacked npm package")
    TARGET.write_text(make_schema(parser.parse_args().package), "utf-8")


if __name__ == "__main__":
    main()
