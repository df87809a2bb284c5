"""What the OpenAPI document promises, tried with what a machine makes up from it."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from actors.site.load import load_site
from interfaces.api.roles import RULES
from interfaces.api.webhooks import webhooks_router
from interfaces.store.database import Database, file_url
from interfaces.store.webhooks import Hooks
from interfaces.webhooks.targets import Targets
from tests.exchange_peers import letters_of_vn
from tests.gate_server import OPERATOR, VirtualGate, served
from tests.site_files import DEMO


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    gate = VirtualGate(load_site(DEMO))
    border = gate.border()
    gate.advance(5)
    gate.view.sample(gate.frame())
    database = Database(file_url(tmp_path_factory.mktemp("store") / "store.sqlite"))
    database.create_all()
    letters = letters_of_vn(database.url)
    webhooks = webhooks_router(Hooks(database), Targets())
    with served(gate.app(border, letters=letters, webhooks=webhooks)) as url:
        yield url
    database.close()


NEVER_ENDS = "/api/v1/events"
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
]


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_answer_is_as_documented(url: str, mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_url(f"{url}/api/openapi.json")
    operations = list(schema.exclude(path=NEVER_ENDS).get_all_operations())
    assert len(operations) == len(RULES) - 2, "all but the stream and the events"
    for operation in operations:
        assert isinstance(operation, Ok)
        try:
            _try_out(operation.ok().as_strategy(generation_mode=mode))
        except Unsatisfiable:
            assert mode is GenerationMode.NEGATIVE  # nothing about it can be got wrong


def _try_out(cases: Any) -> None:
    @settings(
        max_examples=30,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def try_out(case: Any) -> None:
        case.call_and_validate(checks=CHECKS, headers=OPERATOR)

    try_out()


def test_the_document_names_problems_and_the_words_of_the_site(url: str) -> None:
    document = httpx.get(f"{url}/api/openapi.json").json()
    assert "Problem" in document["components"]["schemas"]
    put = document["paths"]["/api/v1/orders/{id}"]["put"]
    body = put["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["from_side"]["enum"] == ["VN", "CN"]
    assert body["additionalProperties"] is False
    assert set(put["responses"]) == {
        "200",
        "201",
        "400",
        "401",
        "403",
        "409",
        "413",
        "415",
        "422",
        "503",
    }
