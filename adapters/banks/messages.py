"""Errors of bank files as findings: what is wrong and what to do, in Russian, and what the hub does with the money."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.banks.profile import Profile
from core.model.finding import Finding, Position
from core.money import format_roubles

__all__ = ["EFFECTS", "finding_of"]

EFFECTS: Mapping[str, str] = {
    "DUPLICATE_OPERATION_ID": "repeated",
    "OPERATION_ID_CONFLICT": "disputed",
    "UNKNOWN_ACCOUNT": "to_suspense",
}
"""What becomes of a record; every other error of a record refuses it, and an error of a file refuses the file."""

_FILE = "Запросите у отправителя исправленный файл под новым номером: из этого ничего не проведено."
_ROW = "Запись не проведена и попадёт в протокол отправителю; её сумма остаётся расхождением реестра."
_TEXTS: Mapping[str, tuple[str, str]] = {
    "ENCODING_MISMATCH": ("Файл в кодировке {actual}, а договорена {expected}.", _FILE),
    "ENCODING_UNDECODABLE": ("Байты файла не являются текстом ни в одной известной кодировке (договорена {expected}).", _FILE),
    "BAD_SIGNATURE": ("Первая строка не та, с которой начинается формат: ожидалось «{expected}».", _FILE),
    "TRUNCATED": ("Файл обрезан: последняя строка или секция не закончена.", _FILE),
    "MISSING_TRAILER": ("Нет последней строки с итогами.", _FILE),
    "FOREIGN_STATEMENT": ("Счёт {account} не наш.", "Проверьте, от того ли банка файл, или добавьте счёт в справочник."),
    "CONTROL_COUNT_MISMATCH": ("Объявлено записей {declared}, в файле {computed}.", _FILE),
    "CONTROL_SUM_MISMATCH": ("Объявленный итог {field} {declared} не равен сумме записей {computed}.", _FILE),
    "BALANCE_MISMATCH": ("Остаток {declared} по счёту {account} не следует из оборотов: получается {computed}.", _FILE),
    "FIELD_COUNT": ("В строке {actual} полей вместо {expected}.", _ROW),
    "MISSING_FIELD": ("Не заполнено обязательное поле {field}.", _ROW),
    "AMOUNT_FORMAT": ("Сумма «{value}» в поле {field} не читается: нужно не больше двух знаков после точки.", _ROW),
    "INVALID_DATE": ("Дата «{value}» в поле {field} не существует.", _ROW),
    "INVALID_PERIOD": ("Месяц «{value}» не существует.", _ROW),
    "NON_POSITIVE_AMOUNT": ("Сумма не положительна, и это не возврат известного платежа.", _ROW),
    "NOT_FINAL": (
        "Операция {value} ещё не окончательная: банк может её отозвать.",
        "Проведётся по итоговой выписке; делать ничего не нужно.",
    ),
    "SCHEMA_INVALID": ("Сообщение не проходит проверку по схеме формата.", _FILE),
    "PART_MISSING": ("Нет частей {missing} выписки {aggregate_id}.", "Дождитесь остальных частей: выписка принимается целиком."),
    "SPLIT_SUM_MISMATCH": ("Сумма {declared}, а начисление и пени вместе {computed}.", _ROW),
    "DUPLICATE_ACCOUNT": ("Счёт {account} стоит в реестре начислений дважды: он уже есть в записи {first_n}.", _FILE),
    "TRANSFER_MISMATCH": ("К перечислению {declared}, а сумма без комиссии {computed}.", _ROW),
    "DUPLICATE_OPERATION_ID": (
        "Операция {operation_id} уже есть в записи {first_n} с тем же содержанием.",
        "Повтор не проводится; делать ничего не нужно.",
    ),
    "OPERATION_ID_CONFLICT": (
        "Операция {operation_id} уже есть в записи {first_n} с другим содержанием.",
        "Выясните у агента, какая запись верна: вторая не проведена.",
    ),
    "UNKNOWN_ACCOUNT": ("Лицевой счёт «{account}» не найден.", "Деньги приняты в невыясненные; выберите счёт из предложенных."),
}


def finding_of(error: Mapping[str, Any], file: str, profile: Profile) -> Finding:
    """One error of the contract as a finding."""
    code = error["code"]
    message, hint = _TEXTS[code]
    record = error.get("n")
    fields = {column.key: column.at + 1 for column in profile.columns}
    money = str(error.get("field", "")).endswith("_kop") or code in ("BALANCE_MISMATCH", "TRANSFER_MISMATCH", "SPLIT_SUM_MISMATCH")
    shown = {
        key: format_roubles(value) if money and isinstance(value, int) and key in ("declared", "computed") else value
        for key, value in error.items()
    }
    value = next((error[key] for key in ("value", "account", "operation_id", "declared", "actual") if error.get(key) is not None), None)
    return Finding(
        position=Position(file, record),
        code=code,
        severity="warning" if code in ("DUPLICATE_OPERATION_ID", "NOT_FINAL", "UNKNOWN_ACCOUNT") else "error",
        effect="refuse_file" if record is None else EFFECTS.get(code, "refuse_row"),
        field=fields.get(str(error.get("field", ""))),
        value=None if value is None else str(value),
        message=message.format_map(_Shown(shown)),
        hint=hint,
    )


class _Shown(dict[str, Any]):
    """Values put into a sentence; what the file does not say is a dash."""

    def __missing__(self, key: str) -> str:
        return "—"
