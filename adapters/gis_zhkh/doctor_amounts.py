"""The amount identities of a payment document (section 9.5 of the format notes), in kopecks; only what is filled in is compared.

    TotalPayable        = AccountingPeriodTotal + MoneyRecalculation − MoneyDiscount (+ AmountOfExcessFees)
    TotalPayableOverall = TotalPayable + the parts brought from before
    TotalPayableByChargeInfo           = sum over services, insurance and the contribution
    TotalByPenaltiesAndCourtCosts      = sum over penalties and court costs
    TotalPayableByPD                   = services + penalties = sum over bank accounts
    TotalPayableByPDWithDebtAndAdvance = TotalPayableByPD + debt − advance

With ``ConfirmAmountsCorrect`` the system takes the numbers as they stand; a document that contradicts itself is stopped all the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from adapters.gis_zhkh.ailments import Ailment, local, text_of
from core.money import format_roubles, parse_roubles

__all__ = ["amount_ailments"]

_LINES = ("HousingService", "AdditionalService", "MunicipalService")
_OVERALL = ("DebtPreviousPeriodsOrAdvanceBillingPeriod", "Penalties", "ServiceProviderPenalties", "StateFees", "CourtCosts")
_HINT = "Сверьте суммы документа: erkc explain ЛС МЕСЯЦ; исправленный документ выпускает erkc issue correct."


def amount_ailments(document: etree._Element, *, confirmed: bool) -> list[Ailment]:
    """Every identity that does not hold."""
    found = [Ailment("DOC-0503", path, message, _hint(confirmed)) for path, message in _services(document)]
    found += _totals(document, confirmed)
    found += [Ailment("DOC-0504", path, message, _hint(confirmed)) for path, message in _accounts(document)]
    return found


def _hint(confirmed: bool) -> str:
    return _HINT if confirmed else f"{_HINT} Без ConfirmAmountsCorrect ГИС ЖКХ откажет: INT008165."


def _kopecks(element: etree._Element, name: str) -> int | None:
    """An amount, or None when it is absent or no amount (the schema tells that)."""
    return _parsed(text_of(element, name))


def _parsed(text: str) -> int | None:
    whole, _, part = text.partition(".")
    try:
        return parse_roubles(f"{whole}.{part.ljust(2, '0')}") if text else None
    except ValueError:
        return None


def _children(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    return (child for child in element.iterchildren(etree.Element) if local(child) in names)


def _lines(document: etree._Element) -> Iterator[etree._Element]:
    """Whatever TotalPayableByChargeInfo sums: of a group its type, or its parts when the type states nothing."""
    for charge in _children(document, "ChargeInfo"):
        yield from _children(charge, *_LINES)
        for group in _children(charge, "GroupMunicipalService"):
            yield from _children(group, "TypeMunicipalService")


def _charges(document: etree._Element) -> int | None:
    """What the services come to; None when a sum can not be read."""
    sums = [_kopecks(line, "TotalPayable") for line in _lines(document)]
    sums += [_kopecks(one, "TotalPayable") for one in _children(document, "CapitalRepairCharge", "Insurance")]
    for year in _children(document, "CapitalRepairYearCharge"):
        sums += [_kopecks(one, "TotalPayable") for one in _children(year, "CapitalRepairMonthlyCharge")]
    known = [one for one in sums if one is not None]
    return sum(known) if known and len(known) == len(sums) else None


def _services(document: etree._Element) -> Iterator[tuple[str, str]]:
    places = [*_lines(document), *_children(document, "CapitalRepairCharge", "Insurance")]
    for charge in _children(document, "ChargeInfo"):
        for group in _children(charge, "GroupMunicipalService"):
            places += _children(group, "MunicipalService")
    for year in _children(document, "CapitalRepairYearCharge"):
        places += _children(year, "CapitalRepairMonthlyCharge")
    for line in list(places):
        places += _children(line, "MunicipalResource")
    for line in places:
        yield from _line(line)


def _line(line: etree._Element) -> Iterator[tuple[str, str]]:
    total, accounted = _kopecks(line, "TotalPayable"), _kopecks(line, "AccountingPeriodTotal")
    code = next((text_of(one, "Code") for one in _children(line, "ServiceType")), "")
    place = f"{local(line)}{f'[{code}]' if code else ''}"
    if total is not None and accounted is not None:
        own, inside = _changes(line), sum(_changes(one) for one in _children(line, "MunicipalResource"))
        excess = sum(_kopecks(one, "AmountOfExcessFees") or 0 for one in _children(line, "MultiplyingFactor"))
        if total not in {accounted + own + extra + more for extra in (0, inside) for more in (0, excess)}:
            expected = format_roubles(accounted + own + inside + excess)
            yield f"{place}/TotalPayable", f"к оплате {format_roubles(total)}, а по начисленному, перерасчёту и скидке выходит {expected}"
    overall = _kopecks(line, "TotalPayableOverall")
    if total is not None and overall is not None:
        parts = sum(_kopecks(line, name) or 0 for name in _OVERALL)
        if overall != total + parts:
            yield f"{place}/TotalPayableOverall", f"всего {format_roubles(overall)}, а с долгом и пени {format_roubles(total + parts)}"


def _changes(line: etree._Element) -> int:
    holders = [line, *_children(line, "ServiceCharge")]
    return sum((_kopecks(one, "MoneyRecalculation") or 0) - (_kopecks(one, "MoneyDiscount") or 0) for one in holders)


def _totals(document: etree._Element, confirmed: bool) -> Iterator[Ailment]:
    hint = _hint(confirmed)
    charges, stated = _charges(document), _kopecks(document, "TotalPayableByChargeInfo")
    if charges is not None and stated is not None and charges != stated:
        message = f"сумма услуг {format_roubles(charges)}, а указано {format_roubles(stated)}"
        yield Ailment("DOC-0501", "TotalPayableByChargeInfo", message, hint)
    rows = [_kopecks(one, "TotalPayable") for one in _children(document, "PenaltiesAndCourtCosts")]
    penalties = sum(one for one in rows if one is not None)
    named = _kopecks(document, "TotalByPenaltiesAndCourtCosts")
    if named is not None and None not in rows and named != penalties:
        message = f"пени и судебные расходы {format_roubles(penalties)}, а указано {format_roubles(named)}"
        yield Ailment("DOC-0502", "TotalByPenaltiesAndCourtCosts", message, hint)
    by_document = _kopecks(document, "TotalPayableByPD")
    base = stated if stated is not None else charges
    if by_document is not None and base is not None and None not in rows and by_document != base + (penalties if named is None else named):
        expected = format_roubles(base + (penalties if named is None else named))
        message = f"к оплате по документу {format_roubles(by_document)}, а услуги с неустойками {expected}"
        yield Ailment("DOC-0502", "TotalPayableByPD", message, hint)
    whole = _kopecks(document, "TotalPayableByPDWithDebtAndAdvance")
    if whole is not None and by_document is not None:
        expected_whole = by_document + (_kopecks(document, "DebtPreviousPeriods") or 0) - (_kopecks(document, "AdvanceBllingPeriod") or 0)
        if whole != expected_whole:
            message = f"с долгом и авансом указано {format_roubles(whole)}, а выходит {format_roubles(expected_whole)}"
            yield Ailment("DOC-0502", "TotalPayableByPDWithDebtAndAdvance", message, hint)


def _accounts(document: etree._Element) -> Iterator[tuple[str, str]]:
    rows = list(_children(document, "DetailsPaymentInformation", "PaymentInformationDetails"))
    by_document = _kopecks(document, "TotalPayableByPD")
    amounts = [_kopecks(row, "TotalPayableByPaymentInformation") for row in rows]
    if rows and by_document is not None and None not in amounts:
        total = sum(one for one in amounts if one is not None)
        if total != by_document:
            message = f"по расчётным счетам {format_roubles(total)}, а по документу {format_roubles(by_document)}"
            yield f"{local(rows[0])}/TotalPayableByPaymentInformation", message
    for row, amount in zip(rows, amounts, strict=True):
        whole, brought = _kopecks(row, "TotalPayableWithDebtAndAdvance"), _kopecks(row, "DebtPreviousPeriodsOrAdvanceBillingPeriod")
        if amount is not None and whole is not None and brought is not None and whole != amount + brought:
            message = (
                f"по счёту {text_of(row, 'AccountNumber')} с долгом {format_roubles(whole)}, а выходит {format_roubles(amount + brought)}"
            )
            yield f"{local(row)}/TotalPayableWithDebtAndAdvance", message
