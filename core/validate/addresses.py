"""Addresses compared as texts: one key for all ways of writing one address, and how much two keys have in common."""

from __future__ import annotations

import re

__all__ = ["address_key", "likeness"]

_WORD = re.compile(r"[0-9]+[а-яa-z]?(?:/[0-9]+[а-яa-z]?)?|[а-яa-z]+")
_SILENT = frozenset((
    "г", "гор", "город", "ул", "улица", "д", "дом", "п", "пос", "поселок", "пгт", "рп", "с", "село", "дер", "деревня", "р", "н", "район",
    "обл", "область", "респ", "республика", "край", "пер", "переулок", "пр", "кт", "просп", "проспект", "пл", "площадь", "ш", "шоссе",
    "б", "р", "бульвар", "наб", "набережная", "мкр", "микрорайон", "вл", "влд",
))  # fmt: skip
_PARTS = {"корп": "к", "корпус": "к", "к": "к", "стр": "стр", "строение": "стр", "лит": "лит", "литера": "лит"}


def address_key(text: str) -> str:
    """An address without case, punctuation and kinds of places and streets; a repeated name (a town that is its own district) once.

    >>> address_key("г. Слободка, ул. Озёрная, д. 1, корпус 2") == address_key("Слободка, Слободка, Озерная 1 к2")
    True
    """
    words: list[str] = []
    spaced = re.sub(r"(?<=[а-яa-z])(?=[0-9])", " ", text.lower().replace("ё", "е"))
    for word in _WORD.findall(spaced):
        word = _PARTS.get(word, word)
        if word not in _SILENT and (not words or words[-1] != word):
            words.append(word)
    return " ".join(words)


def likeness(one: str, other: str) -> int:
    """Per cent of the words of two keys that are in both; 0 where their numbers differ, for those tell houses apart."""
    first, second = set(one.split()), set(other.split())
    numbers = [{word for word in words if word[0].isdigit()} for words in (first, second)]
    if numbers[0] != numbers[1] or not first | second:
        return 0
    return 100 * len(first & second) // len(first | second)
