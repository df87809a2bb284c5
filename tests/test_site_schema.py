"""The schema that editors use is the one that files are checked with."""

import json
from pathlib import Path

import jsonschema

from actors.site.bundled import bundled_sites
from actors.site.read import read_yaml
from actors.site.schema import schema_file, site_schema

CHECKED_IN = Path(__file__).parents[1] / "launch" / "sites" / "site.schema.json"


def test_schema_file_is_current() -> None:
    """Else: `python -m actors.site.schema > launch/sites/site.schema.json`."""
    assert CHECKED_IN.read_text("utf-8") == schema_file()


def test_schema_is_valid_and_takes_the_bundled_sites() -> None:
    schema = json.loads(schema_file())
    jsonschema.Draft202012Validator.check_schema(schema)
    for path in bundled_sites().values():
        jsonschema.validate(read_yaml(path), schema)


def test_schema_file_explains_fields_with_their_units() -> None:
    vehicles = json.loads(schema_file())["$defs"]["VehiclesSection"]["properties"]
    assert vehicles["clearance_m"]["description"].endswith("counts as cleared. [m]")


def test_schema_allows_the_same_with_and_without_explanations() -> None:
    def bare(value: object) -> object:
        if isinstance(value, dict):
            return {k: bare(v) for k, v in value.items() if k != "description"}
        return value

    assert bare(json.loads(schema_file())) == bare(json.loads(json.dumps(site_schema())))
