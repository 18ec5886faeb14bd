"""Puts the defects of ``defects.toml`` into packages of payment documents. Knows the format only, nothing of the doctor.

Defect number ``n`` is of kind ``n mod 20``; everything else about it follows from ``Random(f"{seed}/{n}")``, so a failure is one number.
"""

from __future__ import annotations

import copy
import tomllib
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from lxml import etree

LIST: dict[str, Any] = tomllib.loads((Path(__file__).parent / "defects.toml").read_text(encoding="utf-8"))
_ROOT = "http://dom.gosuslugi.ru/schema/integration/"
BASE, BILLS, NSI = f"{{{_ROOT}base/}}", f"{{{_ROOT}bills/}}", f"{{{_ROOT}nsi-base/}}"
BILLS_BASE, ACCOUNT = f"{{{_ROOT}bills-base/}}", f"{{{_ROOT}account-base/}}"
TRANSPORT = f"{BASE}TransportGUID"
KEY = f"{BILLS}PaymentInformationKey"
_MOST = 500
_SERVICES = ("HousingService", "MunicipalService", "AdditionalService")


@dataclass(frozen=True)
class Spoilt:
    """A package with one defect, and where the doctor must find it."""

    number: int
    kind: str
    variant: str
    code: str
    request: etree._Element
    document: str | None
    """TransportGUID of the spoilt document as it stands in the message; None: the request itself."""


@dataclass(frozen=True)
class Place:
    """What a defect works on."""

    random: Random
    request: etree._Element
    documents: list[etree._Element]
    document: etree._Element
    packages: Sequence[etree._Element]


def packages_of(request: etree._Element, size: int) -> Iterator[etree._Element]:
    """The documents of a request in packages of ``size``."""
    documents = request.findall(f"{BILLS}PaymentDocument")
    for start in range(0, len(documents), size):
        package = copy.deepcopy(request)
        for number, document in enumerate(package.findall(f"{BILLS}PaymentDocument")):
            if not start <= number < start + size:
                package.remove(document)
        yield package


def spoil(number: int, packages: Sequence[etree._Element], *, seed: int = LIST["seed"]) -> Spoilt:
    """Defect ``number`` in a copy of one of the packages. A document that can not have it (no second account, no recalculation) is passed
    over for the next."""
    kind = LIST["kind"][number % len(LIST["kind"])]
    random = Random(f"{seed}/{number}")
    variant = random.choice(kind["variants"])
    first = random.randrange(len(packages))
    for step in range(len(packages)):
        request = copy.deepcopy(packages[(first + step) % len(packages)])
        documents = request.findall(f"{BILLS}PaymentDocument")
        for document in random.sample(documents, len(documents)):
            place = Place(random, request, documents, document, packages)
            if _WAYS[variant](place):
                whole = kind["place"] == "request"
                named = None if whole else _text(document.find(TRANSPORT))
                return Spoilt(number, kind["name"], variant, kind["code"], request, named)
    raise LookupError(f"no document of the packages can have the defect {kind['name']}/{variant}")


def _text(element: etree._Element | None) -> str:
    return "" if element is None else element.text or ""


def _guid(place: Place) -> str:
    return str(uuid.UUID(int=place.random.getrandbits(128), version=4))


def _amount(element: etree._Element, change: int) -> None:
    kopecks = round(float(_text(element)) * 100) + change
    sign = "-" if kopecks < 0 else ""
    element.text = f"{sign}{abs(kopecks) // 100}.{abs(kopecks) % 100:02d}"


def _pick(place: Place, *paths: str) -> etree._Element | None:
    found = [one for path in paths for one in place.document.iterfind(path)]
    return place.random.choice(found) if found else None


def _lines(document: etree._Element) -> list[etree._Element]:
    return [one for name in _SERVICES for one in document.iterfind(f"{BILLS}ChargeInfo/{BILLS}{name}")]


def _drop_required(place: Place) -> bool:
    element = _pick(
        place, f"{ACCOUNT}AccountGuid", TRANSPORT, f".//{BILLS}Rate", f".//{BILLS}ServiceType", f"{BILLS}ChargeInfo/*/{BILLS}TotalPayable",
        f".//{NSI}Code", f".//{NSI}GUID", f"{BILLS}CapitalRepairCharge/{BILLS}Contribution",
    )  # fmt: skip
    if (
        element is None
        or element.tag == TRANSPORT
        or (element.tag == f"{BILLS}Rate" and element.getparent().tag == f"{BILLS}MunicipalResource")
    ):
        return False
    element.getparent().remove(element)
    return True


def _swap_neighbours(place: Place) -> bool:
    parents = [place.document, *place.document.iterfind(f"{BILLS}ChargeInfo/*")]
    pairs = [(one, one.getnext()) for parent in parents for one in parent if one.getnext() is not None and one.getnext().tag != one.tag]
    one, following = place.random.choice(pairs)
    following.addnext(one)
    return True


def _foreign_element(place: Place) -> bool:
    parent = _pick(place, f"{BILLS}ChargeInfo/*", f"{BILLS}ChargeInfo", ".")
    assert parent is not None
    name = place.random.choice((f"{BILLS}Discount", f"{BASE}Comment", "{urn:other}Note"))
    parent.insert(place.random.randrange(len(parent) + 1), etree.Element(name))
    return True


def _number_too_long(place: Place) -> bool:
    element = place.document.find(f"{BILLS_BASE}PaymentDocumentNumber")
    assert element is not None
    element.text = _text(element) + "0" * place.random.randint(30, 60)
    return True


def _information_too_long(place: Place) -> bool:
    element = place.document.find(f"{BILLS}AdditionalInformation")
    if element is None:
        element = etree.Element(f"{BILLS}AdditionalInformation")
        place.document.find(f"{BILLS}PaymentsTaken").addnext(element)
    element.text = "Сообщение. " * place.random.randint(92, 200)
    return True


def _account_number_too_long(place: Place) -> bool:
    element = _pick(place, f"{BILLS}DetailsPaymentInformation/{BILLS}AccountNumber")
    if element is None:
        return False
    element.text = "9" * place.random.randint(31, 64)
    return True


def _amounts(place: Place) -> etree._Element:
    element = _pick(
        place, f"{BILLS}TotalPayableByPD", f"{BILLS}ChargeInfo/*/{BILLS}TotalPayable", f"{BILLS}ChargeInfo/*/{BILLS}AccountingPeriodTotal"
    )
    assert element is not None
    return element


def _comma(place: Place) -> bool:
    element = _amounts(place)
    element.text = _text(element).replace(".", ",")
    return True


def _exponent(place: Place) -> bool:
    element = _amounts(place)
    element.text = f"{float(_text(element)):.6e}"
    return True


def _finer(place: Place) -> bool:
    element = _amounts(place)
    element.text = _text(element) + place.random.choice(("1", "05", "001"))
    return True


def _not_guid(place: Place) -> bool:
    element = _pick(place, f"{ACCOUNT}AccountGuid", f".//{NSI}GUID", f".//{BILLS}orgPPAGUID")
    assert element is not None
    element.text = place.random.choice((_text(element)[:-1], "{" + _text(element) + "}", _text(element).replace("-", ""), "нет"))
    return True


def _payment_day(place: Place) -> bool:
    element = place.document.find(f"{BILLS}PaymentsTaken")
    assert element is not None
    element.text = place.random.choice(("0", "32", "-1"))
    return True


def _volume(attribute: str, value: str) -> Callable[[Place], bool]:
    def spoil_it(place: Place) -> bool:
        element = _pick(place, f".//{BILLS}Volume")
        if element is None or element.get(attribute) is None:
            return False
        element.set(attribute, value)
        return True

    return spoil_it


def _expose_false(place: Place) -> bool:
    element = place.document.find(f"{BILLS}Expose")
    assert element is not None
    element.text = "false"
    return True


def _as_document(place: Place) -> bool:
    other = next(one for one in place.documents if one is not place.document)
    place.document.find(TRANSPORT).text = _text(other.find(TRANSPORT))
    return True


def _as_document_in_capitals(place: Place) -> bool:
    other = next(one for one in place.documents if one is not place.document)
    place.document.find(TRANSPORT).text = _text(other.find(TRANSPORT)).upper()
    return True


def _as_requisite(place: Place) -> bool:
    place.document.find(TRANSPORT).text = _text(place.request.find(f"{BILLS}PaymentInformation/{TRANSPORT}"))
    return True


def _any_key(place: Place) -> bool:
    element = _pick(place, f".//{KEY}")
    assert element is not None
    element.text = _guid(place)
    return True


def _group(place: Place) -> bool:
    """A utility becomes a group of two parts: what the type totals is split, so every sum still holds; one part's key leads nowhere."""
    utility = _pick(place, f"{BILLS}ChargeInfo/{BILLS}MunicipalService")
    if utility is None or utility.find(KEY) is None:
        return False
    charge = utility.getparent()
    group = etree.SubElement(charge, f"{BILLS}GroupMunicipalService")
    whole = etree.SubElement(group, f"{BILLS}TypeMunicipalService")
    whole.append(copy.deepcopy(utility.find(f"{BILLS}ServiceType")))
    etree.SubElement(whole, f"{BILLS}TotalPayable").text = _text(utility.find(f"{BILLS}TotalPayable"))
    provider = utility.find(f"{BILLS}orgPPAGUID")
    if provider is not None:
        whole.append(copy.deepcopy(provider))
    group.append(utility)
    utility.find(KEY).text = _guid(place)
    return True


def _year_charge(place: Place) -> etree._Element | None:
    monthly = place.document.find(f"{BILLS}CapitalRepairCharge")
    if monthly is None or monthly.find(KEY) is None:
        return None
    year = etree.Element(f"{BILLS}CapitalRepairYearCharge")
    total = int(_text(monthly.find(f"{BILLS}TotalPayable")).replace(".", ""))
    for month in range(1, 13):
        part = etree.SubElement(year, f"{BILLS}CapitalRepairMonthlyCharge")
        kopecks = total // 12 + (month <= total % 12)
        etree.SubElement(part, f"{BILLS}Contribution").text = _text(monthly.find(f"{BILLS}Contribution"))
        etree.SubElement(part, f"{BILLS}TotalPayable").text = f"{kopecks // 100}.{kopecks % 100:02d}"
        etree.SubElement(part, f"{BASE}Month").text = str(month)
    etree.SubElement(year, f"{BASE}Year").text = "2026"
    for name in (f"{BILLS}orgPPAGUID", KEY):
        if monthly.find(name) is not None:
            year.append(copy.deepcopy(monthly.find(name)))
    monthly.addnext(year)
    place.document.remove(monthly)
    return year


def _year(place: Place) -> bool:
    year = _year_charge(place)
    if year is None:
        return False
    year.find(KEY).text = _guid(place)
    return True


def _repeated_month(place: Place) -> bool:
    year = _year_charge(place)
    if year is None:
        return False
    months = year.findall(f"{BILLS}CapitalRepairMonthlyCharge/{BASE}Month")
    one, other = place.random.sample(months, 2)
    one.text = other.text
    return True


def _version(value: str) -> Callable[[Place], bool]:
    def spoil_it(place: Place) -> bool:
        place.request.set(f"{BASE}version", value)
        return True

    return spoil_it


def _one_more(place: Place) -> bool:
    after = place.documents[-1]
    smallest = copy.deepcopy(min(place.documents, key=lambda one: sum(1 for _ in one.iter())))
    for element in [*smallest.findall(f"{BILLS}IndividualMDReadings"), *smallest.findall(f"{BILLS}ChargeInfo")[1:]]:
        smallest.remove(element)  # five hundred whole ones would only cost time
    for number in range(_MOST + 1 - len(place.documents)):
        added = copy.deepcopy(smallest)
        added.find(TRANSPORT).text = _guid(place)
        added.find(f"{BILLS_BASE}PaymentDocumentNumber").text = f"{number}/2026"
        after.addnext(added)
    return True


def _digits(place: Place) -> int:
    return place.random.choice((1, -1)) * place.random.choice((100, 1000, 9000, 27))


def _charge_info(change: Callable[[Place], int]) -> Callable[[Place], bool]:
    def spoil_it(place: Place) -> bool:
        _amount(place.document.find(f"{BILLS}TotalPayableByChargeInfo"), change(place))
        return True

    return spoil_it


def _service_changed(place: Place) -> bool:
    line = place.random.choice(_lines(place.document))
    change = abs(_digits(place))
    for name in ("TotalPayable", "AccountingPeriodTotal"):
        _amount(line.find(f"{BILLS}{name}"), change)
    return True


def _by_document(place: Place) -> bool:
    _amount(place.document.find(f"{BILLS}TotalPayableByPD"), _digits(place))
    return True


def _with_debt(place: Place) -> bool:
    _amount(place.document.find(f"{BILLS}TotalPayableByPDWithDebtAndAdvance"), _digits(place))
    return True


def _sign_of_debt(place: Place) -> bool:
    """The advance stands as a debt, or the debt as an advance."""
    debt, advance = (place.document.find(f"{BILLS}{name}") for name in ("DebtPreviousPeriods", "AdvanceBllingPeriod"))
    if _text(debt) == _text(advance):
        return False
    debt.text, advance.text = advance.text, debt.text
    return True


def _accounted(place: Place) -> bool:
    line = place.random.choice(_lines(place.document))
    _amount(line.find(f"{BILLS}AccountingPeriodTotal"), abs(_digits(place)))
    return True


def _recalculation(place: Place) -> bool:
    element = _pick(place, f"{BILLS}ChargeInfo/*/{BILLS}ServiceCharge/{BILLS}MoneyRecalculation")
    if element is None:
        return False
    element.text = _text(element)[1:] if _text(element).startswith("-") else f"-{_text(element)}"
    return True


def _discount(place: Place) -> bool:
    """A discount that the total does not know of."""
    line = next((one for one in _lines(place.document) if one.tag.endswith("}MunicipalService")), None)
    if line is None or line.find(f"{BILLS}ServiceCharge") is not None:
        return False
    head = [f"{BILLS}{name}" for name in ("ServiceType", "Rate", "TotalPayable", "AccountingPeriodTotal", "orgPPAGUID")] + [KEY]
    last = [child for child in line if child.tag in head][-1]
    charge = etree.Element(f"{BILLS}ServiceCharge")
    etree.SubElement(charge, f"{BILLS}MoneyDiscount").text = f"{place.random.randint(1, 99)}.50"
    last.addnext(charge)
    return True


def _of_account(name: str) -> Callable[[Place], bool]:
    def spoil_it(place: Place) -> bool:
        element = _pick(place, f"{BILLS}DetailsPaymentInformation/{BILLS}{name}")
        if element is None:
            return False
        _amount(element, _digits(place))
        return True

    return spoil_it


def _references(place: Place) -> list[etree._Element]:
    return [one.getparent() for one in place.document.iterfind(f".//{NSI}GUID")]


def _foreign_guid(place: Place) -> bool:
    place.random.choice(_references(place)).find(f"{NSI}GUID").text = _guid(place)
    return True


def _code(place: Place) -> bool:
    element = place.random.choice(_references(place)).find(f"{NSI}Code")
    element.text = place.random.choice([code for code in ("1", "2.9", "7", "77") if code != element.text])
    return True


def _book(place: Place) -> bool:
    """A utility names the element of another book: of the housing service of the same document."""
    utility, housing = (
        _pick(place, f"{BILLS}ChargeInfo/{BILLS}{name}/{BILLS}ServiceType") for name in ("MunicipalService", "HousingService")
    )
    if utility is None or housing is None:
        return False
    for name in ("Code", "GUID"):
        utility.find(f"{NSI}{name}").text = housing.find(f"{NSI}{name}").text
    return True


def _service_twice(place: Place) -> bool:
    """One utility's charge is stated in two parts; every sum holds."""
    line = place.random.choice(_lines(place.document))
    charge = line.getparent()
    again = copy.deepcopy(charge)
    charge.addnext(again)
    for element in again.iter(f"{BILLS}TotalPayable", f"{BILLS}AccountingPeriodTotal"):
        element.text = "0.00"
    for name in ("MunicipalResource", "ServiceCharge", "PaymentRecalculation", "MultiplyingFactor"):
        for element in again[0].findall(f"{BILLS}{name}"):
            again[0].remove(element)
    return True


def _number_twice(place: Place) -> bool:
    earlier = place.documents[0]
    if earlier is place.document:
        return False
    name = f"{BILLS_BASE}PaymentDocumentNumber"
    place.document.find(name).text = _text(earlier.find(name))
    return True


def _unknown_account(place: Place) -> bool:
    place.document.find(f"{ACCOUNT}AccountGuid").text = _guid(place)
    return True


def _account_twice(place: Place) -> bool:
    earlier = place.documents[0]
    if earlier is place.document:
        return False
    name = f"{ACCOUNT}AccountGuid"
    place.document.find(name).text = _text(earlier.find(name))
    return True


def _provider_missing(place: Place) -> bool:
    element = _pick(place, f"{BILLS}ChargeInfo/*/{BILLS}orgPPAGUID", f"{BILLS}CapitalRepairCharge/{BILLS}orgPPAGUID")
    if element is None:
        return False
    element.getparent().remove(element)
    return True


def _provider_in_vain(place: Place) -> bool:
    line = place.random.choice(_lines(place.document))
    if line.find(f"{BILLS}orgPPAGUID") is not None:
        return False
    provider = etree.Element(f"{BILLS}orgPPAGUID")
    provider.text = _guid(place)
    head = [f"{BILLS}{name}" for name in ("ServiceType", "Rate", "TotalPayable", "AccountingPeriodTotal", "CalcExplanation")]
    [child for child in line if child.tag in head][-1].addnext(provider)
    return True


def _key_missing(place: Place) -> bool:
    if len(place.document.findall(f"{BILLS}DetailsPaymentInformation")) < 2:
        return False
    element = _pick(place, f"{BILLS}ChargeInfo/*/{KEY}", f"{BILLS}CapitalRepairCharge/{KEY}")
    if element is None:
        return False
    element.getparent().remove(element)
    return True


_WAYS: dict[str, Callable[[Place], bool]] = {
    "drop_required": _drop_required,
    "swap_neighbours": _swap_neighbours,
    "foreign_element": _foreign_element,
    "number_too_long": _number_too_long,
    "information": _information_too_long,
    "account_number": _account_number_too_long,
    "comma": _comma,
    "exponent": _exponent,
    "finer": _finer,
    "not_guid": _not_guid,
    "payment_day": _payment_day,
    "volume_type": _volume("type", "X"),
    "method": _volume("determiningMethod", "A"),
    "expose_false": _expose_false,
    "as_document": _as_document,
    "as_requisite": _as_requisite,
    "as_document_in_capitals": _as_document_in_capitals,
    "any_key": _any_key,
    "group": _group,
    "year": _year,
    "repeated_month": _repeated_month,
    "future": _version("99.0.0.1"),
    "neighbour": _version("13.1.0.1"),
    "empty": _version(""),
    "one_more": _one_more,
    "kopeck": _charge_info(lambda place: place.random.choice((1, -1))),
    "digit": _charge_info(_digits),
    "service_changed": _service_changed,
    "by_document": _by_document,
    "with_debt": _with_debt,
    "sign_of_debt": _sign_of_debt,
    "accounted": _accounted,
    "recalculation": _recalculation,
    "discount": _discount,
    "account_amount": _of_account("TotalPayableByPaymentInformation"),
    "account_with_debt": _of_account("TotalPayableWithDebtAndAdvance"),
    "foreign_guid": _foreign_guid,
    "code": _code,
    "book": _book,
    "service": _service_twice,
    "number_twice": _number_twice,
    "unknown": _unknown_account,
    "account_twice": _account_twice,
    "provider_missing": _provider_missing,
    "provider_in_vain": _provider_in_vain,
    "key_missing": _key_missing,
}
