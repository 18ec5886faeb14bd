"""Sources and contents of bills made by hand: every organisation, person and number here is synthetic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from core.documents.epd import build, house_totals
from core.documents.source import (
    BilledService,
    BillSource,
    Destination,
    InstalmentShare,
    Payee,
    PayerFacts,
    PenaltyShare,
    ProviderFacts,
    Share,
)
from core.ids import EntityId, RecordId
from core.model.bill import BillAccount, BillContent, BillInstalment, BillMeter, BillSupport
from core.model.ledger import OpenItem
from core.model.lines import ChargeLine, HouseVolume, Method
from core.period import Month

OCTOBER = Month(2026, 10)
ACCOUNT, HOUSE = EntityId(9001), EntityId(8001)
UK, WATER, POWER, FUND, WASTE, GAS = (EntityId(n) for n in range(101, 107))

SERVICES = {
    EntityId(service_id): BilledService(
        EntityId(service_id), str(service_id), name, kind, provision, base, utility, housing, resource, okei, order, norm
    )
    for service_id, name, kind, provision, base, utility, housing, resource, okei, order, norm in (
        (1, "Содержание жилого помещения", 2, 1, None, None, 3, None, "055", None, None),
        (2, "Холодное водоснабжение", 1, 1, None, 1, None, 1, "113", 2, 4_200_000),
        (3, "Горячее водоснабжение", 1, 1, None, 2, None, 2, "113", 3, 3_100_000),
        (4, "Водоотведение", 1, 1, None, 3, None, 8, "113", 4, 7_300_000),
        (5, "Электроснабжение", 1, 1, None, 4, None, 3, "245", 5, 92_000_000),
        (6, "Отопление", 1, 1, None, 6, None, 5, "233", 6, 22_000),
        (7, "Холодная вода на содержание общего имущества", 2, 2, "2", None, 3, 1, "113", None, None),
        (8, "Электроэнергия на содержание общего имущества", 2, 2, "5", None, 3, 3, "245", None, None),
        (9, "Горячая вода на содержание общего имущества", 2, 2, "3", None, 3, 2, "113", None, None),
        (10, "Взнос на капитальный ремонт", 2, 1, None, None, 2, None, "055", None, None),
        (11, "Обращение с твёрдыми коммунальными отходами", 1, 1, None, 8, None, None, "113", 8, 180_000),
        (12, "Газоснабжение", 1, 1, None, 5, None, 4, "113", 7, 10_000_000),
    )
}


def account_number(head: str, tail: str, bik: str = "040231901") -> str:
    """A settlement account whose check digit holds for the bank."""
    for digit in "0123456789":
        number = f"{head}{digit}{tail}"
        if sum(int(d) * (7, 1, 3)[n % 3] for n, d in enumerate(bik[-3:] + number)) % 10 == 0:
            return number
    raise AssertionError("no check digit fits")


def payee(name: str, inn: str, head: str, tail: str, *, kpp: str = "007701001", phone: str = "") -> Payee:
    """Requisites in the synthetic bank."""
    number = account_number(head, tail)
    return Payee(name, inn, kpp, number, "Синтетический банк", "040231901", "30101810000000000901", phone)


PAYEES = {
    Destination(UK, False): payee("ООО «УК Береговая» (синтетическая)", "0077000483", "40821810", "00033101002", phone="+7 000 000-00-01"),
    Destination(WATER, False): payee("МУП «Заречинскводоканал» (синтетическое)", "0077001590", "40821810", "00093101005"),
    Destination(POWER, False): payee("АО «Заречинскэнерго» (синтетическое)", "0077001960", "40821810", "00113101006"),
    Destination(FUND, True): payee(
        "Фонд капитального ремонта (синтетический региональный оператор)", "0077002339", "40603810", "00133101007"
    ),
    Destination(WASTE, False): payee("ООО «Чистый щёголь» (синтетическое)", "0077002347", "40821810", "00153101008"),
    Destination(GAS, False): payee("ООО «Заречинскгаз» (синтетическое)", "0077002354", "40821810", "00173101009"),
}


def line(
    service: int,
    creditor: EntityId,
    method: Method,
    volume_e6: int,
    tariff_e6: int,
    base: int,
    *,
    surcharge: int = 0,
    factor: str | None = None,
    recalculation: int = 0,
    underdelivery: int = 0,
    benefit: int = 0,
) -> ChargeLine:
    """One charge line of October."""
    return ChargeLine(
        account_id=ACCOUNT,
        service_id=EntityId(service),
        creditor_id=creditor,
        method=method,
        clause="formula_1",
        rules="2026-03-01",
        volume_e6=volume_e6,
        tariff_e6=tariff_e6,
        base=base,
        surcharge=surcharge,
        recalculation=recalculation,
        underdelivery=underdelivery,
        benefit=benefit,
        inputs={} if factor is None else {"with_coefficient": [[{"clause": "formula_4_1", "values": {"K": factor}}]]},
        sources=(RecordId(1),),
    )


LINES = (
    line(1, UK, "area", 61_100_000, 31_200_000, 190_632),
    line(7, UK, "odpu", 364_767, 41_870_000, 1_527),
    line(8, UK, "odpu", 12_367_579, 5_560_000, 6_876),
    line(9, UK, "odpu", 200_513, 229_900_000, 4_610),
    line(2, WATER, "ipu", 8_942_000, 41_870_000, 37_440),
    line(3, POWER, "ipu", 4_990_000, 229_900_000, 114_720),
    line(4, WATER, "sum_water", 13_932_000, 33_640_000, 46_867),
    line(5, POWER, "ipu", 162_000_000, 5_560_000, 90_072),
    line(6, POWER, "odpu", 1_187_431, 2_957_760_000, 351_213),
    line(10, FUND, "area", 61_100_000, 14_500_000, 88_595),
)

METERS = (
    BillMeter(EntityId(2), "ХВ-0417733", 412_118, 421_060, date(2026, 10, 24), date(2029, 5, 31), 1, "113", "Холодное водоснабжение", "м³"),
    BillMeter(EntityId(3), "ГВ-0417734", 208_400, 213_390, date(2026, 10, 24), date(2027, 1, 15), 2, "113", "Горячее водоснабжение", "м³"),
    BillMeter(EntityId(5), "ЭЭ-90112", 15_377_000, 15_539_000, date(2026, 10, 25), date(2035, 1, 1), 4, "245", "Электроснабжение", "кВт·ч"),
)

VOLUMES = tuple(
    HouseVolume(HOUSE, service, "2026-10", what, volume, "odpu")
    for service, what, volume in (
        ("2", "individual", 412_310_000),
        ("7", "soi", 15_076_000),
        ("3", "individual", 240_881_000),
        ("9", "soi", 8_287_000),
        ("5", "individual", 6_744_000_000),
        ("8", "soi", 511_200_000),
    )
)


def usual_flat() -> BillSource:
    """A flat with ten lines, four recipients, three meters, neither debt nor advance; October was paid for in time."""
    return BillSource(
        number="202610-00001",
        version=1,
        replaces_number=None,
        month=OCTOBER,
        issued_on=date(2026, 11, 4),
        due_on=date(2026, 11, 16),
        payments_until=date(2026, 10, 31),
        provider=ProviderFacts(
            "Синтетический расчётный центр «Заречинск»",
            "0077000116",
            "г. Заречинск, ул. Условная, д. 1",
            "+7 000 000-00-00",
            "org0@example.invalid",
        ),
        payer=PayerFacts(
            name="Тестюнхолёв Синтет Образцович",
            is_organisation=False,
            account_id=ACCOUNT,
            account_number="41100000011",
            account_kind=4,
            els="10ТТ100001",
            service_identifier="10ТТ100001-01",
            address="г. Заречинск, ул. Береговая, д. 1",
            premises_number="14",
            room_number=None,
            house_fias="b459071a-fb8a-4f9e-bf72-c46dca8fbe35",
            house_id=HOUSE,
            area_e2=6110,
            residents_e6=2_000_000,
            residential=True,
        ),
        lines=LINES,
        services=SERVICES,
        payees=PAYEES,
        open_items=tuple(
            OpenItem(ACCOUNT, EntityId(service), creditor, Month(2026, 9), False, amount)
            for service, creditor, amount in (
                (1, UK, 190_632),
                (2, WATER, 34_346),
                (3, POWER, 105_818),
                (5, POWER, 82_944),
                (10, FUND, 88_595),
            )
        ),
        payments=tuple(
            Share(EntityId(service), creditor, amount)
            for service, creditor, amount in (
                (1, UK, 190_632),
                (2, WATER, 34_346),
                (3, POWER, 105_818),
                (5, POWER, 82_944),
                (10, FUND, 88_595),
            )
        ),
        meters=METERS,
        house_totals=house_totals(SERVICES.values(), VOLUMES, OCTOBER),
        notices=(
            "Передайте показания приборов учёта с 23 по 25 число месяца.",
            "15.01.2027 истекает срок поверки прибора ГВ-0417734 (горячая вода).",
        ),
    )


def debtor() -> BillSource:
    """Owes three months to everybody, with penalties; no cold-water meter although one could be installed; recalculations both ways."""
    months = (Month(2026, 7), Month(2026, 8), Month(2026, 9))
    lines = (
        *LINES[:4],
        line(2, WATER, "norm", 12_600_000, 41_870_000, 52_756, surcharge=105_512, factor="3", recalculation=-8_509),
        LINES[5],
        LINES[6],
        line(5, POWER, "norm", 276_000_000, 5_560_000, 153_456, surcharge=76_728, factor="3/2", benefit=21_350),
        line(6, POWER, "odpu", 1_187_431, 2_957_760_000, 351_213, underdelivery=10_536),
        LINES[9],
    )
    return replace(
        usual_flat(),
        number="202610-00002",
        lines=lines,
        open_items=tuple(
            OpenItem(ACCOUNT, EntityId(service), creditor, month, False, amount)
            for month in months
            for service, creditor, amount in ((1, UK, 190_632), (2, WATER, 44_346), (3, POWER, 305_818), (10, FUND, 88_595))
        ),
        payments=(Share(EntityId(1), UK, 100_000),),
        penalties=(
            PenaltyShare(Destination(UK, False), 5_517),
            PenaltyShare(Destination(WATER, False), 1_283),
            PenaltyShare(Destination(POWER, False), 8_850),
            PenaltyShare(Destination(FUND, True), 1_204),
        ),
        reasons={EntityId(2): "Временное отсутствие (акт от 20.10.2026)"},
        notices=("Долг за три месяца и более может быть взыскан через суд.", *usual_flat().notices),
    )


def overpaid() -> BillSource:
    """Has paid ahead more than the month costs, with every recipient but the fund."""
    return replace(
        usual_flat(),
        number="202610-00003",
        open_items=(),
        payments=(),
        advances=(
            Share(EntityId(1), UK, 900_000),
            Share(EntityId(2), WATER, 90_000),
            Share(EntityId(5), POWER, 1_500_000),
            Share(EntityId(10), FUND, 40_000),
        ),
    )


def zero_bill() -> BillSource:
    """Nothing to pay at all: everything is covered by the advance."""
    return replace(
        usual_flat(),
        number="202610-00004",
        open_items=(),
        payments=(),
        advances=tuple(Share(row.service_id, row.creditor_id, row.total) for row in LINES),
    )


def six_recipients() -> BillSource:
    """A flat with waste and gas: twelve lines, six recipients."""
    return replace(
        usual_flat(),
        number="202610-00005",
        lines=(*LINES, line(11, WASTE, "residents", 360_000, 612_400_000, 22_046), line(12, GAS, "norm", 20_000_000, 7_230_000, 14_460)),
    )


def long_names() -> BillSource:
    """Names and an address at the limits of the field."""
    source = usual_flat()
    name = (
        "Муниципальное унитарное предприятие жилищно-коммунального и энергетического хозяйства «Объединённая управляющая компания "
        "Зареченского муниципального района имени Синтетического Образца» (синтетическое)"
    )
    payees = {**PAYEES, Destination(UK, False): replace(PAYEES[Destination(UK, False)], name=name)}
    payer = replace(
        source.payer,
        name="Константинопольская-Преображенская Александра-Екатерина Всеволодовна-Святославовна",
        address="Синтетическая область, Верхнезареченский муниципальный район, рабочий посёлок Нижнее Подгорное, ул. имени Пятидесятилетия "
        "Синтетического Комсомола, д. 128, корп. 4, стр. 2",
        premises_number="1014а",
        room_number="3",
    )
    return replace(source, number="202610-00006", payees=payees, payer=payer)


def non_residential() -> BillSource:
    """A shop of a legal entity: no residents, no meters."""
    source = usual_flat()
    payer = replace(
        source.payer,
        name="ООО «Лавка-1» (синтетическая)",
        is_organisation=True,
        premises_number="Н-2",
        residents_e6=0,
        residential=False,
        service_identifier=None,
        area_e2=8450,
    )
    return replace(source, number="202610-00007", payer=payer, meters=(), lines=(*LINES[:4], LINES[8], LINES[9]), notices=())


def many_lines() -> BillSource:
    """Thirty lines: a bill that needs a second page."""
    services = dict(SERVICES)
    lines = list(LINES)
    for n in range(20):
        service_id = EntityId(200 + n)
        services[service_id] = BilledService(
            service_id, str(200 + n), f"Дополнительная услуга № {n + 1}", 3, 1, None, None, None, None, "796", None
        )
        lines.append(line(200 + n, UK, "area", 1_000_000, 100_000_000, 10_000))
    return replace(usual_flat(), number="202610-00008", services=services, lines=tuple(lines))


def communal_room() -> BillSource:
    """A room of a communal flat: electricity by formula 7, gas by the norm, the area of the room."""
    source = usual_flat()
    payer = replace(
        source.payer, premises_number="7", room_number="3", area_e2=1840, residents_e6=1_000_000, els="10ТТ100044", service_identifier=None
    )
    lines = (
        line(1, UK, "area", 18_400_000, 31_200_000, 57_408),
        line(7, UK, "odpu", 109_847, 41_870_000, 460),
        line(2, WATER, "norm", 4_200_000, 41_870_000, 17_585),
        line(5, POWER, "ipu_flat", 61_333_333, 5_560_000, 34_101),
        line(6, POWER, "odpu", 357_586, 2_957_760_000, 105_765),
        line(12, GAS, "norm", 10_000_000, 7_230_000, 7_230),
    )
    meters = (replace(METERS[2], serial="ЭЭ-70711", previous_e3=44_101_000, current_e3=44_285_000),)
    return replace(
        source, number="202610-00010", payer=payer, lines=lines, meters=meters, open_items=(), payments=(), notices=source.notices[:1]
    )


def capital_repair_only() -> BillSource:
    """A payer whom the regional operator bills for the contribution and nothing else."""
    source = usual_flat()
    payer = replace(source.payer, account_number="41300000025", account_kind=3, service_identifier="10ТТ100001-03")
    items = tuple(item for item in source.open_items if item.creditor_id == FUND)
    return replace(source, number="202610-00011", payer=payer, lines=LINES[9:], meters=(), open_items=items, payments=(), notices=())


def several_accounts() -> BillSource:
    """A payer with accounts of four keepers, one supplier under two numbers of its own, an instalment plan and measures of support."""
    source = usual_flat()
    els = source.payer.els
    accounts = tuple(
        BillAccount(EntityId(9001 + n), number, kind, els, f"{els}-{n + 1:02d}", keeper)
        for n, (number, kind, keeper) in enumerate(
            (
                ("41100000011", 4, "ООО «УК Береговая» (синтетическая)"),
                ("41200000018", 2, "АО «Заречинскэнерго» (синтетическое)"),
                ("41300000025", 3, "Фонд капитального ремонта (синтетический региональный оператор)"),
                ("41600000033", 6, "ООО «Чистый щёголь» (синтетическое)"),
            )
        )
    )
    places = {POWER: 1, FUND: 2, WASTE: 3}
    lines = (*LINES, line(11, WASTE, "residents", 360_000, 612_400_000, 22_046))
    known_apart = EntityId(999)
    placed = tuple(replace(one, account_id=accounts[places.get(one.creditor_id, 0)].account_id) for one in lines)
    placed = tuple(replace(one, creditor_id=known_apart) if one.service_id == 6 else one for one in placed)
    payees = {**PAYEES, Destination(known_apart, False): PAYEES[Destination(POWER, False)]}
    plan = BillInstalment(EntityId(6), "Отопление", Month(2026, 3), 900_000, 150_000, 4_000_000, 3_058, 750_000)
    debt = OpenItem(accounts[1].account_id, EntityId(6), known_apart, Month(2026, 3), False, 900_000)
    return replace(
        source,
        number="202610-00009",
        lines=placed,
        payees=payees,
        accounts=accounts,
        open_items=(
            *(replace(item, account_id=accounts[places.get(item.creditor_id, 0)].account_id) for item in source.open_items),
            debt,
        ),
        instalments=(InstalmentShare(Destination(known_apart, False), plan),),
        supports=(
            BillSupport("денежная компенсация (ЕДК)", "", "ЖК ст. 160", 98_712, False),
            BillSupport("субсидия", "", "ЖК ст. 159, ПП РФ № 761", 120_000, False),
        ),
        house_meters=(BillMeter(EntityId(6), "ОД-55012", 1_812_330, 1_899_012, date(2026, 10, 31), None, 6, "233", "Отопление", "Гкал"),),
        last_paid_on=date(2026, 10, 14),
        limit_percent_e2=1190,
        limit_act="постановление № 700-п (синтетическое)",
    )


SAMPLES: dict[str, Callable[[], BillSource]] = {
    sample.__name__: sample
    for sample in (
        usual_flat, debtor, overpaid, zero_bill, six_recipients, long_names, non_residential, many_lines, several_accounts, communal_room,
        capital_repair_only,
    )
}  # fmt: skip


def content(sample: Callable[[], BillSource] = usual_flat) -> BillContent:
    """The content of a sample."""
    return build(sample())
