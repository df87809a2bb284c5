"""The published JSON Schemas (2020-12) of letters, made of their types.

`python -m interfaces.exchange.schemas` writes them anew; a test holds the files to the types.
"""

from pathlib import Path
from typing import Any

import msgspec

from interfaces.exchange.bodies import BODIES, Body
from interfaces.exchange.letter import VERSION, Letter

FOLDER = Path(__file__).parent / "schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
BASE = f"urn:bordergate:exchange:{VERSION}"


def schemas() -> dict[str, dict[str, Any]]:
    """All of them, by file name: one a kind of letter."""
    return {f"{kind}.schema.json": schema(kind) for kind in BODIES}


def schema(kind: str) -> dict[str, Any]:
    """Of a letter of this kind, with its body."""
    (letter, body), parts = msgspec.json.schema_components(
        (Letter, BODIES[kind]), ref_template="#/$defs/{name}"
    )
    envelope = parts.pop("Letter")
    assert letter == {"$ref": "#/$defs/Letter"}
    properties = {
        **envelope["properties"],
        "version": {"const": VERSION},
        "kind": {**envelope["properties"]["kind"], "const": kind},
        "body": body,
    }
    about = BODIES[kind].__doc__ or ""
    return {
        "$schema": DIALECT,
        "$id": f"{BASE}:{kind}",
        "title": kind,
        "description": about,
        "type": "object",
        "properties": properties,
        "required": envelope["required"],
        "additionalProperties": False,
        "$defs": dict(sorted(parts.items())),
    }


def wco_names() -> list[tuple[str, str, str]]:
    """(kind, field, WCO Data Model's name) of every field that has one, in the order of kinds."""
    named = [("every letter", *entry) for entry in _named(Letter, "")]
    for kind, body in BODIES.items():
        named += [(kind, *entry) for entry in _named(body, "")]
    return named


def _named(kind: type[msgspec.Struct], before: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for field in msgspec.structs.fields(kind):
        inner = field.type
        if isinstance(inner, type) and issubclass(inner, Body):
            found += _named(inner, f"{before}{field.encode_name}.")
            continue
        for part in getattr(inner, "__metadata__", ()):
            names = (part.extra_json_schema or {}).get("x-wco")
            if names:
                found.append((before + field.encode_name, names))
    return found


def text(schema: dict[str, Any]) -> bytes:
    """A schema as it stands in its file."""
    return msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n"


def write() -> None:
    """Write all files anew."""
    FOLDER.mkdir(exist_ok=True)
    for name, made in schemas().items():
        (FOLDER / name).write_bytes(text(made))


if __name__ == "__main__":
    write()
