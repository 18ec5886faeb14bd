"""What the service answers: acknowledgment, state with a result, fault; by the tables, so that all of it passes the schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime

from lxml import etree

from adapters.format4.writer import written_decimal
from adapters.uk.soap.operations import NAMESPACE, PULLS, RowKind, layout
from core.errors import ErkcError
from core.model.finding import Finding

__all__ = ["acknowledgment", "fault", "finished", "imported", "refused", "rows_parts", "state"]

_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_PLACES = {"n2": 2, "n3": 3, "n6": 6}
RECEIVED, PROCESSING, DONE = 1, 2, 3


def acknowledgment(message_guid: str, requester_guid: str) -> bytes:
    """The request is stored and will be answered, whatever happens next."""
    ack = _root("Ack")
    _put(ack, "MessageGUID", message_guid)
    _put(ack, "RequesterMessageGUID", requester_guid)
    return _enveloped(ack)


def state(message_guid: str, request_state: int) -> bytes:
    """Where a request stands that has no result yet."""
    return _enveloped(_state(message_guid, request_state))


def finished(message_guid: str) -> etree._Element:
    """The result to be filled."""
    return _state(message_guid, DONE)


def imported(message_guid: str, *, status: str, new_records: int, findings: Iterable[Finding]) -> bytes:
    """What became of what was pushed: status, and every finding with its place."""
    result = finished(message_guid)
    part = etree.SubElement(result, f"{{{NAMESPACE}}}ImportResult")
    _put(part, "Status", status)
    _put(part, "NewRecords", str(new_records))
    sections = layout().sections
    for found in findings:
        element = etree.SubElement(part, f"{{{NAMESPACE}}}Finding")
        section = found.position.file.rpartition("/")[2]
        named = sections.get(section)
        is_field = named is not None and found.field is not None and 1 <= found.field <= len(named.fields)
        _put(element, "Section", section)
        _put(element, "Row", "" if found.position.row is None else str(found.position.row))
        _put(element, "Field", named.fields[found.field - 1].code if is_field and named is not None and found.field is not None else "")
        for name, value in (
            ("Code", found.code), ("Severity", found.severity), ("Effect", found.effect), ("Value", found.value or ""),
            ("Message", found.message), ("Hint", found.hint),
        ):  # fmt: skip
            _put(element, name, value)
    return _enveloped(result)


def rows_parts(
    operation: str, message_guid: str, groups: Iterable[Sequence[tuple[str, Mapping[str, object]]]], *, most_rows: int
) -> Iterator[bytes]:
    """Rows that were pulled, in parts of at most so many rows (a larger group is a part alone), one at least; each part but the last names
    the next. A value the table has not is a ``KeyError``."""
    part, rows = 1, list[tuple[str, Mapping[str, object]]]()
    for group in groups:
        if rows and len(rows) + len(group) > most_rows:
            yield _rows_part(operation, message_guid, rows, part, is_last=False)
            part, rows = part + 1, []
        rows += group
    yield _rows_part(operation, message_guid, rows, part, is_last=True)


def _rows_part(operation: str, message_guid: str, rows: Iterable[tuple[str, Mapping[str, object]]], part: int, *, is_last: bool) -> bytes:
    result = finished(message_guid)
    _put(result, "Part", str(part))
    if not is_last:
        _put(result, "NextPart", str(part + 1))
    for kind in PULLS[operation].rows:
        for code, row in rows:
            if code == kind.code:
                _row(result, kind, row)
    return _enveloped(result)


def refused(message_guid: str, error: ErkcError) -> bytes:
    """The request can not be carried out: the final answer."""
    result = finished(message_guid)
    _error(etree.SubElement(result, f"{{{NAMESPACE}}}Error"), error)
    return _enveloped(result)


def fault(error: ErkcError, *, is_sender: bool = True) -> bytes:
    """The message itself is refused: nothing was accepted."""
    element = etree.Element(f"{{{_SOAP}}}Fault")
    etree.SubElement(element, "faultcode").text = "soap:Client" if is_sender else "soap:Server"
    etree.SubElement(element, "faultstring").text = _storable(f"{error.code}: {error.message}")
    detail = etree.SubElement(element, "detail")
    _error(etree.SubElement(detail, f"{{{NAMESPACE}}}Fault", nsmap={None: NAMESPACE}), error)
    return _enveloped(element)


def _error(element: etree._Element, error: ErkcError) -> None:
    _put(element, "Code", error.code)
    _put(element, "Message", error.message)
    _put(element, "Hint", error.hint)


def _state(message_guid: str, request_state: int) -> etree._Element:
    result = _root("StateResult")
    _put(result, "RequestState", str(request_state))
    _put(result, "MessageGUID", message_guid)
    return result


def _row(parent: etree._Element, kind: RowKind, row: Mapping[str, object]) -> None:
    unknown = set(row) - {column.code for column in kind.columns}
    if unknown:
        raise KeyError(f"{kind.code}: {', '.join(sorted(unknown))}")
    element = etree.SubElement(parent, f"{{{NAMESPACE}}}{kind.code}")
    for column in kind.columns:
        value = row.get(column.code)
        if value is None and not column.mandatory:
            continue
        etree.SubElement(element, f"{{{NAMESPACE}}}{column.code}").text = _storable(_written(column.type, value))


def _written(kind: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and kind in _PLACES:
        return written_decimal(value, _PLACES[kind])
    if isinstance(value, datetime):
        return value.replace(microsecond=0).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def _put(parent: etree._Element, name: str, text: str) -> None:
    """Optional elements without a value are left out; all mandatory ones have one."""
    if text:
        etree.SubElement(parent, f"{{{NAMESPACE}}}{name}").text = _storable(text)


def _storable(text: str) -> str:
    """XML has no control characters."""
    return "".join(letter if letter >= " " or letter in "\t\n\r" else "?" for letter in text)


def _root(name: str) -> etree._Element:
    return etree.Element(f"{{{NAMESPACE}}}{name}", nsmap={None: NAMESPACE})


def _enveloped(content: etree._Element) -> bytes:
    envelope = etree.Element(f"{{{_SOAP}}}Envelope", nsmap={"soap": _SOAP})
    etree.SubElement(envelope, f"{{{_SOAP}}}Body").append(content)
    return bytes(etree.tostring(envelope, xml_declaration=True, encoding="UTF-8"))
