"""Draw the list of 500 damaged account texts: ``python -m tests.cases.matching.draw > tests/cases/matching/damaged.tsv``.

The list was fixed before the matcher was written for it. Kinds of damage, their numbers and the seed stand below; nothing here looks at the
matcher. A payment of the list has what registries have: the text of the account, usually the payer's name (sometimes somebody else's, who
pays for a relative), often the address, always the amount (often the sum of the bill).

Rows of the file: ``A number name address owed_kopecks`` (an account that exists) and ``T kind number text name address amount_kopecks``
(a payment: the account that was meant, what is written). Accounts stand as dense as in life: consecutive flats have consecutive numbers.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator

SEED = 20260211

KINDS = {
    "zeros_lost": 50,
    "zeros_added": 20,
    "spaces": 25,
    "latin_letters": 30,
    "lower_case": 15,
    "prefix_words": 25,
    "float_suffix": 20,
    "letter_for_digit": 35,
    "digit_wrong": 60,
    "digit_next_key": 30,
    "digit_lost": 45,
    "digit_doubled": 35,
    "digits_swapped": 40,
    "digits_swapped_over_one": 15,
    "twin_wrong": 10,
    "tail_lost": 15,
    "zeros_lost_and_digit_wrong": 15,
    "flat_appended": 15,
}
"""Kinds of damage, with how many texts of each."""

_SURNAMES = (  # noqa: SIM905 (reads better as words)
    "Иванов Смирнов Кузнецов Попов Васильев Петров Соколов Михайлов Новиков Фёдоров Морозов Волков Алексеев Лебедев Семёнов Егоров "
    "Павлов Козлов Степанов Николаев Орлов Андреев Макаров Никитин Захаров Зайцев Соловьёв Борисов Яковлев Григорьев Романов "
    "Воробьёв Сергеев Кузьмин Фролов Александров Дмитриев Королёв Гусев Киселёв Ильин Максимов Поляков Сорокин Виноградов Ковалёв "
    "Белов Медведев Антонов Тарасов Жуков Баранов Филиппов Комаров Давыдов Беляев Герасимов Богданов Осипов Сидоров Матвеев Титов "
    "Марков Миронов Крылов Куликов"
).split()
_NAMES = (  # noqa: SIM905 (reads better as words)
    "Анна Мария Елена Ольга Наталья Ирина Татьяна Светлана Пётр Иван Сергей Андрей Алексей Дмитрий Николай Михаил"
).split()
_FATHERS = ["Иван", "Сергей", "Пётр", "Николай", "Михаил", "Александр", "Владимир", "Виктор"]
_STREETS = ["Лесная", "Садовая", "Озёрная", "Школьная", "Новая", "Полевая", "Мира", "Заречная", "Советская", "Гагарина"]
_NEXT_KEY = {"1": "24", "2": "135", "3": "26", "4": "157", "5": "2468", "6": "359", "7": "48", "8": "5790", "9": "68", "0": "8"}
_LOOK = {"А": "A", "В": "B", "С": "C", "Е": "E", "Н": "H", "К": "K", "М": "M", "О": "O", "Р": "P", "Т": "T", "Х": "X"}
_LETTERS = {"0": "OО", "3": "З", "1": "lI", "8": "В", "6": "б", "4": "Ч", "5": "S"}


def accounts(rng: random.Random) -> Iterator[tuple[str, str, str, int]]:
    """Number, name, address and bill of 1,500 accounts: four ways to number, flats of a house in a row."""
    houses = [(street, house) for street in _STREETS for house in range(1, 16)]
    rng.shuffle(houses)
    serial = 4_100_012_300
    short = 704_010
    for place, (street, house) in enumerate(houses[:50]):
        for flat in range(1, 31):
            if place < 20:
                number = f"0001{place + 20:04}{flat:03}{(place * 7 + flat * 3) % 10}"
            elif place < 33:
                number = str(serial)
                serial += 1
            elif place < 41:
                number = f"77-{'АВЕКМН'[place % 6]}{place}/{flat:02}"
            else:
                number = str(short)
                short += 1 + (flat % 7 == 0)
            female = rng.random() < 0.5
            name = rng.choice([one for one in _NAMES if one.endswith(("а", "я")) == female])
            surname = rng.choice(_SURNAMES) + ("а" if female else "")
            father = rng.choice(_FATHERS) + ("овна" if female else "ович")
            yield number, f"{surname} {name} {father}", f"ул. {street}, д. {house}, кв. {flat}", rng.randint(90_000, 1_400_000)


def damage(kind: str, number: str, address: str, rng: random.Random) -> str | None:
    """The number as it came; None where the kind cannot happen to it."""
    places = [place for place, sign in enumerate(number) if sign.isdigit()]
    inner = places[4:] if len(places) > 6 else places
    at = rng.choice(inner)
    put: dict[str, Callable[[], str | None]] = {
        "zeros_lost": lambda: number.lstrip("0") if number.startswith("0") else None,
        "zeros_added": lambda: "0" * rng.randint(1, 4) + number if number.isdigit() else None,
        "spaces": lambda: f"{number[:4]}{rng.choice((' ', chr(160)))}{number[4:8]} {number[8:]}".rstrip() + rng.choice(("", " ")),
        "latin_letters": lambda: "".join(_LOOK.get(sign, sign) for sign in number) if not number.isdigit() else None,
        "lower_case": lambda: number.lower() if not number.isdigit() else None,
        "prefix_words": lambda: f"{rng.choice(('л/с ', 'ЛС№', 'лицевой счет ', 'Л.С. ', 'ЛС:'))}{number}",
        "float_suffix": lambda: f"{number.lstrip('0')}{rng.choice(('.0', ',00', '.'))}" if number.isdigit() else None,
        "letter_for_digit": lambda: number[:at] + rng.choice(_LETTERS[number[at]]) + number[at + 1 :] if number[at] in _LETTERS else None,
        "digit_wrong": lambda: number[:at] + rng.choice([d for d in "0123456789" if d != number[at]]) + number[at + 1 :],
        "digit_next_key": lambda: number[:at] + rng.choice(_NEXT_KEY[number[at]]) + number[at + 1 :],
        "digit_lost": lambda: number[:at] + number[at + 1 :],
        "digit_doubled": lambda: number[:at] + number[at] + number[at:],
        "digits_swapped": lambda: _swapped(number, at, 1),
        "digits_swapped_over_one": lambda: _swapped(number, at, 2),
        "twin_wrong": lambda: _twin(number, rng),
        "tail_lost": lambda: number[: -rng.randint(1, 2)],
        "zeros_lost_and_digit_wrong": lambda: (
            number[:at].lstrip("0") + rng.choice([d for d in "0123456789" if d != number[at]]) + number[at + 1 :]
            if number.startswith("0")
            else None
        ),
        "flat_appended": lambda: f"{number}{rng.choice((' кв ', '/', '-', ' '))}{address.rsplit(' ', 1)[1]}" if number.isdigit() else None,
    }
    return put[kind]()


def _swapped(number: str, at: int, over: int) -> str | None:
    if at + over >= len(number) or not number[at + over].isdigit() or number[at] == number[at + over]:
        return None
    signs = list(number)
    signs[at], signs[at + over] = signs[at + over], signs[at]
    return "".join(signs)


def _twin(number: str, rng: random.Random) -> str | None:
    twins = [at for at in range(3, len(number) - 1) if number[at] == number[at + 1] and number[at].isdigit()]
    if not twins:
        return None
    at = rng.choice(twins)
    return number[:at] + rng.choice([d for d in "123456789" if d != number[at]]) * 2 + number[at + 2 :]


def _payer(name: str, others: list[str], rng: random.Random) -> str:
    """As banks write it: in capitals, with initials, without a name, or somebody else who pays."""
    chance = rng.random()
    if chance < 0.10:
        return ""
    if chance < 0.20:
        return rng.choice(others)
    surname, first, father = name.split()
    if chance < 0.45:
        return f"{surname.upper()} {first[0]}.{father[0]}.".replace("Ё", "Е")
    return name.upper().replace("Ё", "Е") if chance < 0.8 else name


def _address(address: str, rng: random.Random) -> str:
    chance = rng.random()
    if chance < 0.30:
        return ""
    street, house, flat = (part.split(" ", 1)[1] for part in address.split(", "))
    if chance < 0.6:
        return f"{street.upper().replace('Ё', 'Е')} {house}-{flat}"
    return address if chance < 0.85 else f"Приозёрск г,{street} ул,д.{house},кв.{flat}"


def rows() -> Iterator[str]:
    """The file, line by line."""
    rng = random.Random(SEED)
    known = list(accounts(rng))
    numbers = {number for number, *_ in known}
    names = [name for _, name, *_ in known]
    yield f"# seed {SEED}; kinds: " + ", ".join(f"{kind} {count}" for kind, count in KINDS.items())
    for number, name, address, owed in known:
        yield f"A\t{number}\t{name}\t{address}\t{owed}"
    for kind, count in KINDS.items():
        drawn = 0
        while drawn < count:
            number, name, address, owed = rng.choice(known)
            text = damage(kind, number, address, rng)
            if text is None or text in (number, "") or text in numbers:
                continue
            amount = owed if rng.random() < 0.65 else rng.randint(100, 20_000) * 100
            yield f"T\t{kind}\t{number}\t{text}\t{_payer(name, names, rng)}\t{_address(address, rng)}\t{amount}"
            drawn += 1


if __name__ == "__main__":
    sys.stdout.writelines(f"{row}\n" for row in rows())
