"""The JSON Schema of a site file, exported from the structs, and its verdicts in plain words."""

import ast
import difflib
import inspect
import json
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import jsonschema
import msgspec

from actors.errors import Problem
from actors.site import model
from actors.site.model import Site

GIVEN_CHARS_MAX = 60
_KINDS = {
    "object": "a section (key: value)",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}


def site_schema() -> dict[str, Any]:
    """The JSON Schema (Draft 2020-12) of a site file."""
    schema = msgspec.json.schema(Site)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def schema_file() -> str:
    """The text of `launch/sites/site.schema.json`, which editors read: with the fields' docs."""
    schema = site_schema()
    for name, docs in _field_docs().items():
        properties = schema["$defs"].get(name, {}).get("properties", {})
        keys = {f.name: f.encode_name for f in msgspec.structs.fields(getattr(model, name))}
        for field, text in docs.items():
            key = keys[field]
            shape = properties[key]
            unit = shape.get("description", "")
            properties[key] = {**shape, "description": f"{text} {unit}".rstrip()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _field_docs() -> dict[str, dict[str, str]]:
    """The docstrings under the fields of each section: {section: {key: text}}."""
    found: dict[str, dict[str, str]] = {}
    for section in ast.parse(inspect.getsource(model)).body:
        if isinstance(section, ast.ClassDef):
            docs = found.setdefault(section.name, {})
            for field, text in pairwise(section.body):
                match field, text:
                    case ast.AnnAssign(target=ast.Name(id=key)), ast.Expr(
                        value=ast.Constant(value=str(words))
                    ):
                        docs[key] = " ".join(words.split())
    return found


def schema_problems(value: object, file: str) -> list[Problem]:
    """Everything in `value` that is not of the form of a site file."""
    schema = site_schema()
    validator = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    found: dict[Problem, None] = {}
    for error in _leaves(validator.iter_errors(value)):
        for problem in _explain(error, file, schema["$defs"]):
            found[problem] = None
    return list(found)


class Words(str):
    """A finding told in words: no value of the file, and not to be quoted or cut."""


def given(value: object) -> str:
    """A value as it is quoted in a problem: short, and on one line."""
    if isinstance(value, Words):
        return value
    if isinstance(value, dict):
        text = f"a section with {len(value)} keys"
    elif isinstance(value, list | tuple):
        text = f"a list of {len(value)}"
    elif value is None:
        text = "nothing"
    elif isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, str):
        text = repr(value)
    else:
        text = str(value)
    return text if len(text) <= GIVEN_CHARS_MAX else text[: GIVEN_CHARS_MAX - 3] + "..."


def path_text(path: Iterable[str | int]) -> str:
    """`yards[0].cranes.count` of its parts."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _leaves(errors: Iterable[Any]) -> Iterator[Any]:
    """Errors, those of `X or nothing` as errors of X."""
    for error in errors:
        if error.validator == "anyOf":
            yield from _leaves(e for e in error.context if e.schema_path[0] == 0)
        else:
            yield error


def _explain(error: Any, file: str, definitions: dict[str, Any]) -> Iterator[Problem]:
    """The problems behind one error of the validator."""
    path = list(error.absolute_path)
    here = path_text(path)
    match error.validator:
        case "additionalProperties":
            known = list(error.schema["properties"])
            for key in error.instance.keys() - set(known):
                close = difflib.get_close_matches(key, known, n=1)
                allowed = f"did you mean {close[0]}?" if close else f"one of {', '.join(known)}"
                yield Problem(file, path_text([*path, key]), "an unknown key", allowed)
        case "required":
            for key in error.validator_value:
                if key not in error.instance:
                    shape = error.schema["properties"][key]
                    inner = path_text([*path, key])
                    yield Problem(file, inner, "nothing", allowed_text(shape, definitions))
        case "minItems" | "maxItems" | "minProperties" | "maxProperties":
            yield Problem(file, here, given(error.instance), _size_text(error.schema))
        case _ if "propertyNames" in error.schema_path:
            allowed = f"as a key: {allowed_text(error.schema, definitions)}"
            yield Problem(file, path_text([*path, error.instance]), given(error.instance), allowed)
        case _:
            yield Problem(
                file, here, given(error.instance), allowed_text(error.schema, definitions)
            )


def _size_text(schema: dict[str, Any]) -> str:
    low = schema.get("minItems", schema.get("minProperties", 0))
    high = schema.get("maxItems", schema.get("maxProperties"))
    if low == high:
        return f"exactly {low} entries"
    return f"at least {low} entries" if high is None else f"{low} to {high} entries"


def allowed_text(schema: dict[str, Any], definitions: dict[str, Any]) -> str:
    """What a part of the schema allows: `more than 0, at most 30 [m/s]`."""
    if "anyOf" in schema:
        schema = schema["anyOf"][0]
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]]
    if "enum" in schema:
        return "one of " + ", ".join(str(choice) for choice in schema["enum"])
    kind = schema.get("type", "string")
    unit = schema.get("description", "")
    if kind not in ("number", "integer"):
        words = _KINDS[kind]
        return f"{words}: {unit}" if unit and kind == "string" else words
    parts = [_KINDS[kind]]
    if "exclusiveMinimum" in schema:
        parts.append(f"more than {schema['exclusiveMinimum']}")
    if "minimum" in schema:
        parts.append(f"at least {schema['minimum']}")
    if "maximum" in schema:
        parts.append(f"at most {schema['maximum']}")
    return f"{', '.join(parts)} {unit}".rstrip()


if __name__ == "__main__":
    print(schema_file(), end="")
