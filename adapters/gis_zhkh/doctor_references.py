"""Everything that a payment document points to: bank details of its request, reference books, accounts, providers of services.

The schema checks keys of documents and services and forgets those inside groups of utilities and yearly charges; here all are checked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from lxml import etree

from adapters.gis_zhkh.ailments import Ailment, Known, local, text_of

__all__ = ["document_ailments", "element_ailments"]

Element: TypeAlias = etree._Element
_BOOKS = {
    "HousingService": "50",
    "AdditionalService": "1",
    "MunicipalService": "51",
    "TypeMunicipalService": "3",
    "MunicipalResource": "2",
    "GeneralMunicipalResource": "337",
    "PenaltiesAndCourtCosts": "329",
}
"""Which book the ServiceType inside an element is of."""
_CHARGED = ("HousingService", "AdditionalService", "MunicipalService")
_WHOLE = ("CapitalRepairCharge", "CapitalRepairYearCharge", "Insurance", "PenaltiesAndCourtCosts")
_CENTRE = 4
_SYNCHRONISE = "Выполните erkc gis synchronise; если не помогло, сопоставьте услугу со справочником."


def element_ailments(item: Element, known: Known) -> list[Ailment]:
    """References into books that we know to be wrong."""
    if known.elements is None:
        return []
    found = []
    for code in item.iter(etree.Element):
        if local(code) != "Code" or code.getparent() is None:
            continue
        reference = code.getparent()
        guid, holder = text_of(reference, "GUID").lower(), reference.getparent()
        if not guid or holder is None:
            continue
        place, stated = f"{local(holder)}/{local(reference)}", (code.text or "").strip()
        wanted = _BOOKS.get(local(holder), "") if local(reference) == "ServiceType" else ""
        if wanted and wanted not in known.books:
            continue
        if guid not in known.elements:
            if wanted:
                message = f"элемента {stated} ({guid}) нет среди известных записей справочника {wanted}"
                found.append(Ailment("DOC-0401", place, message, _SYNCHRONISE))
            continue
        book, right = known.elements[guid]
        if wanted and book != wanted:
            message = f"элемент {guid} из справочника {book}, а здесь нужен справочник {wanted}"
            found.append(Ailment("DOC-0402", place, message, _SYNCHRONISE))
        elif stated != right:
            found.append(
                Ailment("DOC-0402", place, f"код {stated} не от этого GUID: в справочнике {book} у него код {right}", _SYNCHRONISE)
            )
    return found


def document_ailments(request: Element, documents: Sequence[tuple[Element, list[Ailment]]], known: Known) -> None:
    """What documents of one request have against it and against each other; added to each one's list."""
    keys = {text_of(one, "TransportGUID") for one in request.iterchildren(etree.Element) if local(one) == "PaymentInformation"}
    centre = any(local(one) == "PaymentProviderInformation" for one in request.iterchildren(etree.Element))
    numbers = Counter(text_of(document, "PaymentDocumentNumber") for document, _ in documents)
    accounts = Counter(_place(document) for document, _ in documents)
    for document, found in documents:
        found += _keys(document, keys)
        found += _twice(document)
        found += _account(document, known)
        found += _providers(document, known, centre=centre)
        found += _readings(document)
        number = text_of(document, "PaymentDocumentNumber")
        if number and numbers[number] > 1:
            message = f"номер {number} в запросе не один раз"
            found.append(Ailment("DOC-0403", "PaymentDocumentNumber", message, "Оставьте один документ с этим номером."))
        if accounts[_place(document)] > 1:
            message = f"на лицевой счёт {text_of(document, 'AccountGuid')} в запросе не один документ"
            found.append(Ailment("DOC-0404", "AccountGuid", message, "Оставьте один документ на лицевой счёт за месяц."))


def _place(document: Element) -> tuple[str, bool]:
    """The account, and whether it is a document of debts: a current one and one of debts may stand beside each other."""
    debt = any(local(child) in ("ChargeDebt", "CapitalRepairDebt") for child in document.iterchildren(etree.Element))
    return text_of(document, "AccountGuid").lower(), debt


def _keys(document: Element, keys: set[str]) -> Iterator[Ailment]:
    for one in document.iter(etree.Element):
        if local(one) == "PaymentInformationKey" and (one.text or "").strip() not in keys:
            holder = one.getparent()
            message = f"платёжных реквизитов {(one.text or '').strip()} в запросе нет"
            place = f"{local(holder) if holder is not None else ''}/PaymentInformationKey"
            yield Ailment("DOC-0302", place, message, "Проверьте реквизиты получателя и сформируйте запрос заново.")
    for year in document.iterchildren(etree.Element):
        if local(year) == "CapitalRepairYearCharge":
            months = [text_of(one, "Month") for one in year.iterchildren(etree.Element) if local(one) == "CapitalRepairMonthlyCharge"]
            if len(months) != 12 or set(months) != {str(number) for number in range(1, 13)}:
                message = f"месяцы годового взноса: {', '.join(months)}; нужны все двенадцать по одному разу"
                yield Ailment("DOC-0408", "CapitalRepairYearCharge", message, "Исправьте разбивку взноса по месяцам.")


def _lines(document: Element) -> Iterator[Element]:
    """Services of a current document: utilities of a group too."""
    for charge in document.iterchildren(etree.Element):
        if local(charge) == "ChargeInfo":
            yield from (one for one in charge.iter(etree.Element) if local(one) in _CHARGED)


def _twice(document: Element) -> Iterator[Ailment]:
    counts: Counter[str] = Counter()
    for line in _lines(document):
        for reference in line.iterchildren(etree.Element):
            if local(reference) == "ServiceType":
                counts[text_of(reference, "GUID").lower()] += 1
    for guid, count in counts.items():
        if guid and count > 1:
            message = f"услуга {guid} встречается {count} раза, а может один"
            yield Ailment("DOC-0403", "ChargeInfo", message, "Сложите строки услуги или сопоставьте их с разными записями справочника.")


def _account(document: Element, known: Known) -> Iterator[Ailment]:
    guid = text_of(document, "AccountGuid").lower()
    if known.accounts is not None and guid and guid not in known.accounts:
        message = f"лицевой счёт {guid} в ГИС ЖКХ не размещён или нам неизвестен"
        yield Ailment("DOC-0404", "AccountGuid", message, "Выполните erkc gis synchronise: счёт будет найден или размещён.")


def _providers(document: Element, known: Known, *, centre: bool) -> Iterator[Ailment]:
    """The provider of each service stands in documents of a settlement centre and nowhere else; with several bank accounts every service
    names its own."""
    whole = [one for one in document.iterchildren(etree.Element) if local(one) in _WHOLE]
    lines = [*_lines(document), *whole]
    kind = None if known.accounts is None else known.accounts.get(text_of(document, "AccountGuid").lower())
    of_centre = centre if kind is None else kind == _CENTRE
    named = [one for one in document.iter(etree.Element) if local(one) == "orgPPAGUID"]
    if of_centre and not centre:
        yield _wrong("PaymentProviderInformation", "счёт расчётного центра, а поставщик информации в запросе не указан")
    if not of_centre and named:
        yield _wrong("orgPPAGUID", "поставщик услуги указан, хотя лицевой счёт не расчётного центра")
    several = len({text_of(one, "PaymentInformationKey") for one in _details(document)}) > 1
    for line in lines:
        if of_centre and not text_of(line, "orgPPAGUID"):
            yield _wrong(f"{local(line)}/orgPPAGUID", "счёт расчётного центра, а поставщик услуги не указан")
        if several and not text_of(line, "PaymentInformationKey"):
            yield _wrong(f"{local(line)}/PaymentInformationKey", "счетов несколько, а у услуги расчётный счёт не указан")
    if known.organisations is not None and of_centre:
        for value in {(one.text or "").strip().lower() for one in named} - known.organisations:
            yield Ailment("DOC-0406", "orgPPAGUID", f"организации {value} нет среди известных", "Выполните erkc gis synchronise.")


def _details(document: Element) -> list[Element]:
    return [one for one in document.iterchildren(etree.Element) if local(one) == "DetailsPaymentInformation"]


def _wrong(path: str, message: str) -> Ailment:
    return Ailment("DOC-0405", path, message, "Проверьте вид лицевого счёта и получателей документа.")


def _readings(document: Element) -> Iterator[Ailment]:
    for meter in document.iterchildren(etree.Element):
        if local(meter) == "IndividualMDReadings" and bool(text_of(meter, "MDUnit")) != bool(text_of(meter, "MDPreviousPeriodReadings")):
            message = f"у прибора {text_of(meter, 'MeteringDevice')} единица и прошлое показание указываются вместе"
            yield Ailment("DOC-0407", "IndividualMDReadings", message, "Дополните показание или уберите единицу.")
