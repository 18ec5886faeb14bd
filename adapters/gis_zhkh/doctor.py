"""The package doctor: what the federal system would refuse, found before anything is sent, and the package cut into what may go.

A request is looked at as a whole (version, limits, the schema of what is not a document) and document by document, so that one sick
document does not hide what the others have. The schema gives path and reason (``xmlschema`` words them); what it forgets is checked by
hand: keys inside groups and yearly charges, identifiers that differ in letter case only, ``base:version``. ``doctor_amounts`` holds the
identities of money, ``doctor_references`` everything that a document points to. Pure: what is known of the federal side comes as
:class:`Known`.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lxml import etree

from adapters.gis_zhkh.ailments import Ailment, Known, local, text_of
from adapters.gis_zhkh.doctor_amounts import amount_ailments
from adapters.gis_zhkh.doctor_references import document_ailments, element_ailments
from xsd import catalog
from xsd.tables import ALBUM, tables

__all__ = ["Ailment", "Diagnosis", "ItemDiagnosis", "Known", "examine", "healthy_requests"]

_LIMITS = {
    "PaymentDocument": "request_documents",
    "WithdrawPaymentDocument": "request_withdrawals",
    "Account": "request_accounts",
    "AcknowledgmentRequestInfo": "request_acknowledgments",
    "AckCancellation": "request_acknowledgments",
}
"""What a request repeats, by local name, and the limit of the album for it."""
_EXPLAINED = 5
"""How many reasons of one document ``xmlschema`` words: it is slow, and the first ones tell."""


@dataclass(frozen=True, slots=True)
class ItemDiagnosis:
    """What is wrong with one document (account, acknowledgment …) of a request."""

    position: int
    """1 = first of its request."""
    transport_guid: str
    number: str
    """Its number for people; empty where it has none."""
    ailments: tuple[Ailment, ...]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is wrong with a request: with itself, and with each of its items. ``items`` are all of them, the healthy too."""

    operation: str
    request: tuple[Ailment, ...]
    items: tuple[ItemDiagnosis, ...]

    @property
    def sick(self) -> tuple[ItemDiagnosis, ...]:
        """Items that must not go."""
        return tuple(item for item in self.items if item.ailments)

    @property
    def healthy(self) -> bool:
        """Whether the request may go as it is."""
        return not self.request and not self.sick


def examine(request: etree._Element, known: Known | None = None, *, album: str = ALBUM) -> Diagnosis:
    """Everything that is wrong with a request (the element in the body of its envelope). It is not changed."""
    elements = _items(request)
    problems: list[list[Ailment]] = [[] for _ in elements]
    whole = [*_version(request, album), *_limits(request, elements, album)]
    _schema(request, elements, whole, problems, album=album)
    _transport(request, elements, problems)
    facts = known or Known()
    for element, found in zip(elements, problems, strict=True):
        found += element_ailments(element, facts)
    if local(request) == "importPaymentDocumentRequest":
        documents = [(element, found) for element, found in zip(elements, problems, strict=True) if local(element) == "PaymentDocument"]
        confirmed = text_of(request, "ConfirmAmountsCorrect") == "true"
        for element, found in documents:
            found += amount_ailments(element, confirmed=confirmed)
        document_ailments(request, documents, facts)
    items = tuple(
        ItemDiagnosis(number, text_of(element, "TransportGUID"), _number(element), tuple(dict.fromkeys(found)))
        for number, (element, found) in enumerate(zip(elements, problems, strict=True), 1)
    )
    return Diagnosis(local(request), tuple(dict.fromkeys(whole)), items)


def healthy_requests(request: etree._Element, diagnosis: Diagnosis, *, album: str = ALBUM) -> Iterator[etree._Element]:
    """What may go, as requests within the limits; nothing when the request itself is wrong in a way that cutting can not heal."""
    if any(ailment.code != "DOC-0201" for ailment in diagnosis.request):
        return
    good = [number for number, item in enumerate(diagnosis.items) if not item.ailments]
    for kind in dict.fromkeys(local(element) for element in _items(request)):
        of_kind = [number for number in good if local(_items(request)[number]) == kind]
        size = tables(album).limit(_LIMITS[kind]) if kind in _LIMITS else len(of_kind) or 1
        for start in range(0, len(of_kind), size):
            kept = set(of_kind[start : start + size])
            part = copy.deepcopy(request)
            for number, element in enumerate(_items(part)):
                if number not in kept:
                    part.remove(element)
            yield part


def _items(request: etree._Element) -> list[etree._Element]:
    """The parts that the answer speaks of: children with a TransportGUID of their own, bank details left out."""
    return [
        child
        for child in request.iterchildren(etree.Element)
        if local(child) in _LIMITS
        or (local(child) != "PaymentInformation" and any(local(one) == "TransportGUID" for one in child.iterchildren(etree.Element)))
    ]


def _number(element: etree._Element) -> str:
    for name in ("PaymentDocumentNumber", "PaymentDocumentID", "AccountNumber"):
        if text_of(element, name):
            return text_of(element, name)
    return ""


def _version(request: etree._Element, album: str) -> list[Ailment]:
    known = tables(album)
    name = known.name(request.tag)
    if name is None or not known.knows(name):
        return [Ailment("DOC-0103", local(request), "такого сообщения в альбоме нет", "Проверьте, тот ли это файл и тот ли номер альбома.")]
    accepted = known.accepted_versions(name)
    value = request.get(known.tag("base:version"))
    if accepted and value not in accepted:
        stated = "не указана" if value is None else f"«{value}»"
        message = f"версия сообщения {stated}, а принимается {', '.join(accepted)}"
        return [Ailment("DOC-0102", f"{local(request)}/@version", message, "Сформируйте сообщение заново: версию ставит программа.")]
    return []


def _limits(request: etree._Element, elements: Sequence[etree._Element], album: str) -> list[Ailment]:
    found = []
    for name, count in Counter(local(element) for element in elements).items():
        limit = tables(album).limit(_LIMITS[name]) if name in _LIMITS else None
        if limit is not None and count > limit:
            message = f"{name} в запросе {count}, а допускается {limit}"
            found.append(Ailment("DOC-0201", local(request), message, "Разделите запрос: erkc gis check … --out делит сам."))
    if not elements and local(request).startswith("import"):
        found.append(Ailment("DOC-0202", local(request), "в запросе нечего размещать", "Проверьте, тот ли это файл."))
    return found


def _schema(
    request: etree._Element, elements: Sequence[etree._Element], whole: list[Ailment], problems: Sequence[list[Ailment]], *, album: str
) -> None:
    """The schema's refusals, each to the item that it is about. Items are tried one at a time in the shell of their request."""
    schemas = catalog.album(album)
    namespace = etree.QName(request).namespace or ""
    if not schemas.knows(namespace) or schemas.accepts(request):
        return
    shell = copy.deepcopy(request)
    inside = _items(shell)
    if not inside:
        whole += [_worded(problem) for problem in schemas.validate(shell) if "версия" not in problem.message]
        return
    first = shell.index(inside[0])
    for element in inside:
        shell.remove(element)
    size = min(tables(album).limit(_LIMITS[name]) if (name := local(one)) in _LIMITS else len(inside) for one in inside)
    for start in range(0, len(inside), size):
        _halve(shell, first, list(zip(inside, problems, strict=True))[start : start + size], whole, schemas=schemas)


def _halve(
    shell: etree._Element,
    first: int,
    part: Sequence[tuple[etree._Element, list[Ailment]]],
    whole: list[Ailment],
    *,
    schemas: catalog.SchemaSet,
) -> None:
    """Find the sick among the items of a shell by halves: most packages have few of them."""
    for number, (element, _) in enumerate(part):
        shell.insert(first + number, element)
    accepted = schemas.accepts(shell)
    if not accepted and len(part) == 1:
        element, found = part[0]
        for problem in schemas.explain(shell, _EXPLAINED) or schemas.validate(shell):
            _sort(problem, element, found, whole)
    for element, _ in part:
        shell.remove(element)
    if not accepted and len(part) > 1:
        middle = len(part) // 2
        for half in (part[:middle], part[middle:]):
            _halve(shell, first, half, whole, schemas=schemas)


def _sort(problem: catalog.SchemaProblem, element: etree._Element, found: list[Ailment], whole: list[Ailment]) -> None:
    if problem.path.endswith("@version") or "base:version" in problem.message or "}version" in problem.message:
        return  # told by DOC-0102
    name = local(element)
    about_item = f"/{name}" in problem.path or "Key" in problem.message or name in problem.message
    (found if about_item else whole).append(_worded(problem))


def _worded(problem: catalog.SchemaProblem) -> Ailment:
    return Ailment("DOC-0101", problem.path, f"не проходит схему: {problem.message}", "Исправьте значение в исходных данных.")


def _transport(request: etree._Element, elements: Sequence[etree._Element], problems: Sequence[list[Ailment]]) -> None:
    """A TransportGUID stands for one thing in its request, whatever the case of its letters."""
    counts = Counter((one.text or "").strip().lower() for one in request.iter(etree.Element) if local(one) == "TransportGUID")
    for element, found in zip(elements, problems, strict=True):
        for one in element.iter(etree.Element):
            if local(one) == "TransportGUID" and counts[(one.text or "").strip().lower()] > 1:
                message = f"TransportGUID {one.text} в запросе повторяется"
                found.append(Ailment("DOC-0301", f"{local(element)}/TransportGUID", message, "Сформируйте запрос заново."))
                break
