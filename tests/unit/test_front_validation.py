"""Bodies of the API: what is accepted, and what the caller is told otherwise."""

from __future__ import annotations

import pytest

from telnyx_actors.core.persona import CONTEXT_MAX_CHARS, GREETING_MAX_CHARS, NAME_MAX_CHARS
from telnyx_actors.front.exchange import BadRequestError, Request
from telnyx_actors.front.ports import CallRequest
from telnyx_actors.front.validation import batch_rows, call_request, json_body, model_test, telefono_of


def posted(body: bytes, content_type: str = "application/json") -> Request:
    return Request("POST", "/api/call/initiate", headers={"content-type": content_type}, body=body)


@pytest.mark.parametrize("telefono", ["+5730001234567", "+573000123456", "+5730001234561", "+18005550100"])
def test_the_numbers_of_the_checklist_can_be_dialled(telefono: str) -> None:
    assert call_request({"telefono": telefono, "nombre": "Ana"}) == CallRequest(telefono, "Ana")


def test_separators_are_taken_out_and_blank_optionals_are_not_given() -> None:
    body = {"telefono": "+57 (300) 123-45.67", "nombre": " Ana ", "contexto": " ", "saludo": None}
    assert call_request(body) == CallRequest("+573001234567", "Ana", None, None)


@pytest.mark.parametrize(
    "telefono",
    [
        None,
        573001234567,
        "",
        "573001234567",
        "+0573001234567",
        "+57",
        "+1234567",
        "+1234567890123456",
        "+57300ABC4567",
        "+999123456789",
        "+57300123456٧",
        "+573001234567\n;",
        "sip:ana@example.com",
        "+57" + "3" * 500,
        ["+573001234567"],
    ],
)
def test_what_is_no_number_is_refused_by_the_name_of_its_field(telefono: object) -> None:
    with pytest.raises(BadRequestError, match="'telefono'"):
        call_request({"telefono": telefono, "nombre": "Ana"})


@pytest.mark.parametrize("nombre", [None, "", "   ", 7, {"a": 1}, "x" * (NAME_MAX_CHARS + 1), "Ana\x00", "Ana\nMaría"])
def test_what_is_no_name_is_refused_by_the_name_of_its_field(nombre: object) -> None:
    with pytest.raises(BadRequestError, match="'nombre'"):
        call_request({"telefono": "+573001234567", "nombre": nombre})


@pytest.mark.parametrize(("field", "chars_max"), [("contexto", CONTEXT_MAX_CHARS), ("saludo", GREETING_MAX_CHARS)])
def test_optional_texts_are_texts_of_limited_length(field: str, chars_max: int) -> None:
    fine = {"telefono": "+573001234567", "nombre": "Ana", field: "x" * chars_max}
    assert getattr(call_request(fine), field) == "x" * chars_max
    for wrong in ("x" * (chars_max + 1), 5, ["x"]):
        with pytest.raises(BadRequestError, match=f"'{field}'"):
            call_request({**fine, field: wrong})
    with pytest.raises(BadRequestError, match=f"tiene {chars_max + 1} caracteres; el máximo es {chars_max}"):
        call_request({**fine, field: "x" * (chars_max + 1)})


def test_an_unknown_field_is_named_with_those_that_exist() -> None:
    with pytest.raises(BadRequestError, match=r"'teléfono'.*contexto, id, nombre, saludo, telefono"):
        call_request({"telefono": "+573001234567", "nombre": "Ana", "teléfono": "x"})


@pytest.mark.parametrize("body", [None, [], "x", 3])
def test_a_body_has_to_be_an_object(body: object) -> None:
    with pytest.raises(BadRequestError, match="objeto"):
        call_request(body)


@pytest.mark.parametrize("calls", [None, {}, "x", []])
def test_a_batch_has_rows(calls: object) -> None:
    with pytest.raises(BadRequestError, match="'calls'"):
        batch_rows({"calls": calls}, 3)


def test_a_batch_is_limited_and_its_rows_are_not_judged_yet() -> None:
    assert batch_rows({"calls": [1, 2, 3]}, 3) == [1, 2, 3]
    with pytest.raises(BadRequestError, match="máximo 3"):
        batch_rows({"calls": [1, 2, 3, 4]}, 3)


def test_the_number_of_a_broken_row_is_repeated_as_far_as_it_is_text() -> None:
    rows: list[object] = [{"telefono": "abc"}, {"telefono": 5}, [], {"telefono": "9" * 99}]
    assert [telefono_of(row) for row in rows] == ["abc", "", "", "9" * 32]


def test_a_test_of_the_model_needs_a_name_and_a_message() -> None:
    assert model_test({"nombre": "Ana", "mensaje": "Hola"}) == ("Ana", "Hola", None)
    with pytest.raises(BadRequestError, match="'mensaje'"):
        model_test({"nombre": "Ana"})


def test_json_has_to_be_declared_and_valid() -> None:
    assert json_body(posted(b'{"a":1}', "Application/JSON; charset=utf-8")) == {"a": 1}
    for body in (b"", b"{", b"\xff", b"[" * 100_000):
        with pytest.raises(BadRequestError, match="JSON") as caught:
            json_body(posted(body))
        assert caught.value.status == 400
    with pytest.raises(BadRequestError, match=r"tiene que ser UTF-8.*charset=utf-8") as caught:
        json_body(posted('{"nombre":"José"}'.encode("latin-1")))
    assert caught.value.status == 400
    for content_type in ("", "text/plain", "application/x-www-form-urlencoded"):
        with pytest.raises(BadRequestError) as caught:
            json_body(posted(b"{}", content_type))
        assert caught.value.status == 415
