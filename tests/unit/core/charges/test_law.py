"""The tables of the law: what ships is complete; anything unknown, missing, overlapping or with a gap is refused by name."""

from __future__ import annotations

import re
from datetime import date
from fractions import Fraction

import pytest

from config.law import tables
from core.charges.law import Law
from core.errors import ConfigError


def test_the_cold_water_coefficient_changes_on_its_day() -> None:
    law = Law.from_tables(tables())
    assert law.number("coefficient.cold_water", date(2025, 12, 5)) == Fraction("1.5")
    assert law.number("coefficient.cold_water", date(2025, 12, 6)) == 3
    assert law.version(date(2025, 12, 5)) < law.version(date(2025, 12, 6)) == "2025-12-06"
    assert law.choice("setting.k_electricity_basis", date(2020, 6, 30)) == "no_meter"
    assert law.choice("setting.k_electricity_basis", date(2020, 7, 1)) == "access_refused"


def test_a_day_before_the_law_is_refused() -> None:
    with pytest.raises(ConfigError) as error:
        Law.from_tables(tables()).number("coefficient.cold_water", date(2000, 1, 1))
    assert error.value.code == "CFG-0422"


COLD = """[coefficient.cold_water]
meaning = "повышающий коэффициент, холодная вода"
clause = "п. 42, формула 4(1)"
unit = "раз"
values = [
  { from = 2017-01-01, to = 2025-12-05, value = "1.5", act = "ПП РФ № 354" },
  { from = 2025-12-06, value = "3", act = "ПП РФ № 1871 от 25.11.2025" },
]
"""


@pytest.mark.parametrize(
    ("old", "new", "said", "line"),
    [
        ("from = 2025-12-06", "from = 2025-12-08", "пропуск между 05.12.2025 и 08.12.2025", 7),
        ("from = 2025-12-06", "from = 2025-12-05", "перекрываются на 05.12.2025", 7),
        (", to = 2025-12-05", "", "перекрываются", 7),
        ("to = 2025-12-05", "to = 2016-01-01", "to раньше from", 6),
        ("from = 2017-01-01", "from = 2017-01-01T00:00:00", "нужны from", 6),
        ('value = "1.5"', "value = 1.5", "строкой", 6),
        ('value = "3"', 'value = "три"', "не число", 7),
        ('value = "3"', 'value = "1/0"', "не число", 7),
        ('value = "3"', 'value = "-3"', "отрицательное число", 7),
        ('value = "3"', 'value = "3", till = 2027-01-01', "неизвестный ключ", 7),
        (', act = "ПП РФ № 354"', "", "act", 6),
        ('unit = "раз"', 'note = "x"', "coefficient.cold_water.note: неизвестный ключ", 4),
        ('clause = "п. 42, формула 4(1)"\n', "", "meaning и clause", 1),
        ("cold_water]", "cold_watr]", "возможно, coefficient.cold_water", 1),
        (COLD, 'coefficient = "x"\n', "ожидалась таблица", 1),
        (COLD, "[coefficient.cold_water]\nvalues = []\n", "meaning и clause", 1),
        (COLD, '[coefficient.cold_water]\nmeaning = "x"\nclause = "y"\nvalues = []\n', "хотя бы одно", 4),
        (COLD, '[coefficient.cold_water]\nmeaning = "x"\nclause = "y"\nvalues = [\n"1.5"]\n', "ожидалась таблица from", 5),
    ],
)
def test_a_wrong_table_is_refused_with_its_file_and_line(old: str, new: str, said: str, line: int) -> None:
    assert COLD in tables()["coefficients.toml"]
    only = {"coefficients.toml": COLD.replace(old, new, 1)}
    with pytest.raises(ConfigError, match=re.escape(said)) as error:
        Law.from_tables(only)
    assert error.value.code == "CFG-0420" and f"config/law/coefficients.toml, строка {line}: " in error.value.message
    assert (error.value.fields["file"], error.value.fields["line"]) == ("coefficients.toml", line) and error.value.fields["key"]


def test_the_line_is_that_of_the_whole_file() -> None:
    wrong = {"settings.toml": tables()["settings.toml"].replace('value = "difference"', 'value = "never"')}
    line = 1 + wrong["settings.toml"].split('value = "never"')[0].count("\n")
    with pytest.raises(ConfigError, match=rf"строка {line}: setting\.late_reading\.values\[0\]\.value: 'never' — не из"):
        Law.from_tables(wrong)


@pytest.mark.parametrize(
    ("source", "line"), [("[a]\nb = \n", 2), ("[a\n", 1), ('a = 1\n\nb = "x', 3), ("a = 1\na = 2\n", 2)],
)  # fmt: skip
def test_a_file_that_is_no_toml_is_refused_with_its_line(source: str, line: int) -> None:
    with pytest.raises(ConfigError, match=r"это не TOML") as error:
        Law.from_tables({**tables(), "more.toml": source})
    assert (error.value.code, error.value.fields["file"], error.value.fields["line"]) == ("CFG-0423", "more.toml", line)


def test_a_parameter_of_two_files_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"config/law/more\.toml, строка 2: coefficient\.cold_water: задан дважды"):
        Law.from_tables({**tables(), "more.toml": "# again\n" + COLD})


def test_a_missing_parameter_is_refused() -> None:
    without = tables()["coefficients.toml"].replace("[coefficient.hot_water]", "[coefficient.hot]").split("[coefficient.hot]")
    kept = without[0] + without[1][without[1].index("[coefficient.electricity]") :]
    with pytest.raises(ConfigError, match=r"не хватает параметров: coefficient\.hot_water"):
        Law.from_tables({**tables(), "coefficients.toml": kept})


def test_a_change_needs_no_more_than_its_values() -> None:
    law = Law.from_tables(tables())
    changed = law.with_changes("p.toml", '[coefficient.cold_water]\nvalues = [{ from = 2027-01-01, value = "2", act = "проект" }]\n')
    assert (
        changed.number("coefficient.cold_water", date(2026, 12, 31)) == 3
        and changed.number("coefficient.cold_water", date(2027, 1, 1)) == 2
    )
    before, after = (one.parameters["coefficient.cold_water"] for one in (law, changed))
    assert (before.meaning, before.clause, before.unit) == (after.meaning, after.clause, after.unit)
    with pytest.raises(ConfigError, match=r"CFG-0423: p\.toml, конец файла"):
        law.with_changes("p.toml", "[coefficient")


def test_every_number_says_its_clause_its_act_and_its_days() -> None:
    for parameter in Law.from_tables(tables()).parameters.values():
        assert parameter.clause and parameter.meaning and all(dated.act and dated.first for dated in parameter.values)
        assert parameter.unit or not re.fullmatch(r"-?\d+(\.\d+)?", parameter.values[-1].value) or parameter.name.startswith("setting.")
