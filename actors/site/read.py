"""YAML text to plain values, with every doubt about their meaning taken out.

YAML 1.1 reads `08:00` as 480, `NO` as false and 010 as eight. Here, as in YAML 1.2, only `true`
and `false` are truth values, only decimal figures are numbers, and dates stay text, which the
schema then checks. Aliases, tags and duplicate keys are refused: each has one clear other way.
"""

import math
import re
from pathlib import Path
from typing import Any

import yaml

from actors.errors import Problem, SiteError

FILE_BYTES_MAX = 1_000_000
"""A road of eight lanes and its yards, surveyed edge by edge (2,446 edges), takes half of this."""
DEPTH_MAX = 16
"""The deepest key of a site file lies 5 levels down."""

Plain = dict[str, "Plain"] | list["Plain"] | str | int | float | bool | None

_NULL = "tag:yaml.org,2002:null"
_BOOL = "tag:yaml.org,2002:bool"
_INT = "tag:yaml.org,2002:int"
_FLOAT = "tag:yaml.org,2002:float"
_STR = "tag:yaml.org,2002:str"
_SEQ = "tag:yaml.org,2002:seq"
_MAP = "tag:yaml.org,2002:map"


class _Loader(yaml.SafeLoader):
    """Composes nodes only; scalars resolve as in YAML 1.2's core schema."""

    yaml_implicit_resolvers = {}  # noqa: RUF012  (the class attribute that PyYAML looks at)

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        mark: Any = event.start_mark
        if isinstance(event, yaml.AliasEvent):
            raise yaml.composer.ComposerError(
                None,
                None,
                f"found the alias *{event.anchor}: write the value out",
                mark,
            )
        if self.depth >= DEPTH_MAX:
            raise yaml.composer.ComposerError(
                None, None, f"nested more than {DEPTH_MAX} deep", mark
            )
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1


_Loader.add_implicit_resolver(_NULL, re.compile(r"^(?:~|null|)$"), ["~", "n", ""])
_Loader.add_implicit_resolver(_BOOL, re.compile(r"^(?:true|false)$"), ["t", "f"])
_Loader.add_implicit_resolver(_INT, re.compile(r"^[-+]?[0-9]{1,18}$"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    _FLOAT,
    re.compile(r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$"),
    list("-+.0123456789"),
)


def read_yaml(path: Path) -> Plain:
    """The values of a YAML file.

    Raises:
        SiteError: not readable, too big, not UTF-8, not YAML, or a key that is given twice.
    """
    text = _read_text(path)
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        raise SiteError([_syntax_problem(path.name, error)]) from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        given = f"the character U+{ord(text[error.position]):04X}"
        raise SiteError([Problem(path.name, f"line {line}", given, "printable text")]) from error
    problems: list[Problem] = []
    value = None if node is None else _plain(node, "", path.name, problems)
    if problems:
        raise SiteError(problems)
    return value


def _read_text(path: Path) -> str:
    """The text of a file, read up to the limit of its size."""
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError as error:
        raise SiteError([Problem(str(path), "", "no such file", "a YAML file")]) from error
    except (OSError, ValueError) as error:
        # ValueError: a null byte in the path.
        raise SiteError([Problem(str(path), "", str(error), "a file to be read")]) from error
    if len(data) > FILE_BYTES_MAX:
        allowed = f"at most {FILE_BYTES_MAX} bytes"
        raise SiteError([Problem(path.name, "", f"more than {FILE_BYTES_MAX} bytes", allowed)])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        given = f"the byte 0x{data[error.start]:02X}"
        raise SiteError([Problem(path.name, f"line {line}", given, "UTF-8 text")]) from error


def _syntax_problem(file: str, error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    where = "" if mark is None else f"line {mark.line + 1}, column {mark.column + 1}"
    said = [part for part in (error.context, error.problem) if part]
    return Problem(file, where, "; ".join(said), "YAML, one document, without aliases and tags")


def _plain(node: yaml.Node, key_path: str, file: str, problems: list[Problem]) -> Plain:
    """The value of a node; notes duplicate keys, keys that are no text, and foreign tags."""
    if isinstance(node, yaml.MappingNode) and node.tag == _MAP:
        found: dict[str, Plain] = {}
        for key_node, value_node in node.value:
            mark = key_node.start_mark
            here = f"line {mark.line + 1}, column {mark.column + 1}"
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == _NULL:
                problems.append(
                    Problem(file, here, "a key that is no text", "a word, then a colon")
                )
                continue
            key = key_node.value
            inner = f"{key_path}.{key}" if key_path else key
            if key in found:
                problems.append(Problem(file, inner, f"a second time in {here}", "each key once"))
            found[key] = _plain(value_node, inner, file, problems)
        return found
    if isinstance(node, yaml.SequenceNode) and node.tag == _SEQ:
        return [_plain(n, f"{key_path}[{i}]", file, problems) for i, n in enumerate(node.value)]
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node, key_path, file, problems)
    problems.append(Problem(file, key_path, f"the tag {node.tag}", "values without tags"))
    return None


def _scalar(node: yaml.ScalarNode, key_path: str, file: str, problems: list[Problem]) -> Plain:
    """A scalar by its tag, which only an explicit one can make misfit its text."""
    text: str = node.value
    if node.tag == _STR:
        return text
    if node.tag == _NULL:
        return None
    if node.tag == _BOOL:
        return text == "true"
    try:
        if node.tag == _INT:
            return int(text)
        if node.tag == _FLOAT:
            number = float(text)
            return number if math.isfinite(number) else text
    except ValueError:
        pass
    problems.append(Problem(file, key_path, f"the tag {node.tag}", "values without tags"))
    return None
