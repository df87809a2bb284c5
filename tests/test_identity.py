"""Identities: good ones are read, bad ones refused with what is wrong, where, what is allowed."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iso6346

from actors.consignment.identity import (
    Declaration,
    IdentityError,
    Seal,
    amendments_between,
    channel,
    container_number,
    declaration,
    hs_code,
    hs_prefix,
    plate,
    seal,
)

HERE = "gate VN-G1"


def refused(error: IdentityError, given: str, allowed: str) -> None:
    assert error.where == HERE
    assert error.given == given
    assert allowed in error.allowed
    assert str(error) == f"{HERE}: {error.what} given {given!r}, allowed: {error.allowed}"


def test_a_container_number_with_its_check_digit_is_read():
    assert container_number("CSQU3054383", HERE) == "CSQU3054383"


@pytest.mark.parametrize(
    ("given", "allowed"),
    [
        ("CSQU3054384", "CSQU3054383"),
        ("CSQU305438", "7 digits"),
        ("CSQX3054383", "U, J, Z or R"),
        ("csqu3054383", "3 letters"),
        ("CSQU 305438 3", "no spaces"),
        ("CSQU３０５４３８３", "7 digits"),
        ("CSQU3054383\n", "7 digits"),
        ("", "ISO 6346"),
    ],
)
def test_a_container_number_that_is_misread_is_refused(given: str, allowed: str):
    with pytest.raises(IdentityError) as caught:
        container_number(given, HERE)
    refused(caught.value, given, allowed)


bodies = st.from_regex(r"[A-Z]{3}[UJZR][0-9]{6}", fullmatch=True)


@given(bodies, st.integers(1, 9))
def test_exactly_one_check_digit_fits_a_container_number(body: str, off: int):
    digit = iso6346.calc_check_digit(body)
    assert container_number(body + digit, HERE) == body + digit
    with pytest.raises(IdentityError):
        container_number(f"{body}{(int(digit) + off) % 10}", HERE)


@given(st.text(max_size=14))
def test_any_text_is_read_or_refused_by_name(text: str):
    for read in (container_number, declaration, channel, hs_code, hs_prefix):
        with contextlib.suppress(IdentityError):  # any other error fails the test
            read(text, HERE)
    assert plate(text).raw == text


@pytest.mark.parametrize(("number", "seal_class"), [("VN123456", "H"), ("7", "I"), ("A-19", "S")])
def test_a_seal_has_a_number_and_a_class(number: str, seal_class: str):
    found = seal(number, seal_class, HERE)
    assert (found.number, found.seal_class) == (number, seal_class)


@pytest.mark.parametrize("number", ["", "NONE", "vn123", "VN 123", "-123", "1" * 36, "VN１２"])
def test_a_seal_number_of_another_form_is_refused(number: str):
    with pytest.raises(IdentityError) as caught:
        seal(number, "H", HERE)
    refused(caught.value, number, "35")


@pytest.mark.parametrize("seal_class", ["", "h", "X", "HH"])
def test_a_seal_class_that_iso_17712_does_not_know_is_refused(seal_class: str):
    with pytest.raises(IdentityError) as caught:
        seal("VN123456", seal_class, HERE)
    refused(caught.value, seal_class, "ISO 17712")


def test_another_class_makes_another_seal():
    assert seal("VN1", "H", HERE) != Seal("VN1", "S")


def test_a_declaration_number_tells_direction_identity_and_amendment():
    export = declaration("305123456782", HERE)
    assert (export.direction, export.identity, export.amendment) == ("export", "30512345678", 2)
    assert declaration("105123456780", HERE).direction == "import"


@pytest.mark.parametrize(
    "given",
    ["", "30512345678", "3051234567890", "205123456780", "30512345678A", "30512345678０", "3 5"],
)
def test_a_declaration_number_of_another_form_is_refused(given: str):
    with pytest.raises(IdentityError) as caught:
        declaration(given, HERE)
    refused(caught.value, given, "12 digits")


def test_amendments_of_one_declaration_are_compared():
    first, third = Declaration("305123456780"), Declaration("305123456782")
    assert amendments_between(first, third, HERE) == 2
    assert amendments_between(third, first, HERE) == -2
    assert amendments_between(first, first, HERE) == 0


def test_another_declaration_is_no_amendment():
    other = Declaration("305123456790")
    with pytest.raises(IdentityError) as caught:
        amendments_between(Declaration("305123456780"), other, HERE)
    refused(caught.value, other.number, "30512345678")


@pytest.mark.parametrize(
    ("given", "colour"), [("1", "green"), ("2", "yellow"), ("3", "red"), ("3D", "red")]
)
def test_a_channel_is_kept_raw_and_its_first_digit_read(given: str, colour: str):
    found = channel(given, HERE)
    assert (found.raw, found.colour) == (given, colour)


@pytest.mark.parametrize("given", ["", "0", "4", "D3", "3 D", " 1", "red", "３", "12345"])
def test_a_channel_that_says_nothing_is_refused(given: str):
    with pytest.raises(IdentityError) as caught:
        channel(given, HERE)
    refused(caught.value, given, "3D")


@pytest.mark.parametrize(
    ("given", "digits"),
    [
        ("081060", "081060"),
        ("0810.60", "081060"),
        ("08106000", "08106000"),
        ("0810.60.00", "08106000"),
    ],
)
def test_an_hs_code_is_read_with_or_without_dots(given: str, digits: str):
    assert hs_code(given, HERE).digits == digits
    assert hs_code(given, HERE).hs6 == "081060"


@pytest.mark.parametrize(
    "given", ["", "0810", "0810600", "081060000", "08.10.60", "771010", "990000", "081060.00"]
)
def test_an_hs_code_of_another_form_is_refused(given: str):
    with pytest.raises(IdentityError) as caught:
        hs_code(given, HERE)
    refused(caught.value, given, "AHTN")


def test_a_whitelist_goes_by_prefix():
    durian = hs_code("08106000", HERE)
    assert durian.among(("0810", "8542"))
    assert durian.among(("08106000",))
    assert not durian.among(("0811", "85"))
    assert not durian.among(())
    assert not hs_code("081060", HERE).among(("08106000",))


@pytest.mark.parametrize("given", ["", "0", "081", "0810.60", "7710", "0810600000"])
def test_a_prefix_that_would_allow_other_goods_is_refused(given: str):
    with pytest.raises(IdentityError) as caught:
        hs_prefix(given, HERE)
    refused(caught.value, given, "2, 4, 6 or 8 digits")
    assert hs_prefix("0810", HERE) == "0810"


@pytest.mark.parametrize(
    ("given", "normal", "country"),
    [
        ("12C-123.45", "12C12345", "VN"),
        ("29c 1234", "29C1234", "VN"),
        ("15RM-012.34", "15RM01234", "VN"),
        ("桂F12345", "桂F12345", "CN"),
        ("桂F·1234挂", "桂F1234挂", "CN"),
        ("粤bd12345", "粤BD12345", "CN"),
        ("１２Ｃ－１２３４５", "12C12345", "VN"),
    ],
)
def test_plates_of_both_scripts_are_known_and_compared_alike(given: str, normal: str, country: str):
    found = plate(given)
    assert (found.raw, found.normal, found.country, found.warning) == (given, normal, country, "")


@pytest.mark.parametrize("given", ["", "ABC", "GUI F12345", "桂FI2345", "01C-123.45", "桂12345"])
def test_an_odd_plate_is_kept_with_a_warning(given: str):
    found = plate(given)
    assert found.country == ""
    assert repr(given) in found.warning
