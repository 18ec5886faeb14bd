"""The schema and the WSDL of the service, written from the tables of operations and fields: ``python -m adapters.uk.soap.schema``.

Document/literal, plain sequences of named elements: no ``anyType``, no unions, no lists, no substitution groups, no abstract types, because
1С and its like read nothing else reliably. The files stand in ``xsd/uk/`` and are served as they are; a test compares them with the tables.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from adapters.format4.layout import Field
from adapters.uk.soap.operations import NAMESPACE, PULLS, PUSHES, STATE, VERSION, Column, RowKind, layout

__all__ = ["ADDRESS", "FILES", "schema_file", "written"]

ADDRESS = "http://localhost/uk/1.0"
"""Stands in the WSDL in the place of the address, which the server puts in."""
SCHEMA, WSDL, SIGNATURE = "uk-exchange.xsd", "uk-exchange.wsdl", "signature.xsd"
FILES = (WSDL, SCHEMA, SIGNATURE)
_DS = "http://www.w3.org/2000/09/xmldsig#"
_TYPES = {
    "id": "Key", "ref": "Key", "i": "xs:int", "e": "xs:int", "yn": "xs:boolean", "d": "xs:date", "dt": "xs:dateTime",
    "n2": "Decimal2", "n3": "Decimal3", "n6": "Decimal6",
}  # fmt: skip
_SIMPLE = """  <xs:simpleType name="Key">
    <xs:annotation><xs:documentation>Уникальный код отправителя внутри раздела</xs:documentation></xs:annotation>
    <xs:restriction base="xs:long"><xs:minInclusive value="0"/></xs:restriction>
  </xs:simpleType>
  <xs:simpleType name="Guid">
    <xs:restriction base="xs:string"><xs:pattern value="[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"/></xs:restriction>
  </xs:simpleType>
  <xs:simpleType name="Period">
    <xs:annotation><xs:documentation>Расчётный месяц, например 2026-10</xs:documentation></xs:annotation>
    <xs:restriction base="xs:string"><xs:pattern value="[0-9]{4}-(0[1-9]|1[0-2])"/></xs:restriction>
  </xs:simpleType>
"""
_HEADER = (
    ("MessageGUID", "Guid", True, "Идентификатор сообщения отправителя: повтор с ним — то же сообщение"),
    ("Date", "xs:dateTime", True, "Когда составлено"),
    ("INN", "xs:string", True, "ИНН отправителя"),
    ("KPP", "xs:string", True, "КПП отправителя"),
    ("OGRN", "xs:string", True, "ОГРН отправителя"),
    ("DataBankKey", "xs:string", False, "Ключ банка данных"),
    ("ContactName", "xs:string", True, "ФИО ответственного"),
    ("ContactPhone", "xs:string", True, "Телефон ответственного"),
    ("System", "xs:string", True, "Система, из которой выгружены данные"),
)
_FINDING = (
    ("Section", "xs:string", False, "Раздел (имя элемента)"),
    ("Row", "xs:int", False, "Который по счёту элемент раздела, с 1"),
    ("Field", "xs:string", False, "Имя элемента поля"),
    ("Code", "xs:string", True, "Код"),
    ("Severity", "xs:string", True, "error, warning или info"),
    ("Effect", "xs:string", True, "Что сделано со строкой"),
    ("Value", "xs:string", False, "Значение, как прислано"),
    ("Message", "xs:string", True, "Что не так"),
    ("Hint", "xs:string", False, "Что делать"),
)
_ERROR = (("Code", "xs:string", True, "Код"), ("Message", "xs:string", True, "Что случилось"), ("Hint", "xs:string", False, "Что делать"))


def schema_file(name: str) -> bytes:
    """One of :data:`FILES` as it ships."""
    return (files("xsd") / "uk" / VERSION / name).read_bytes()


def written() -> dict[str, str]:
    """Schema and WSDL by file name, as the tables have them."""
    return {SCHEMA: _schema(), WSDL: _wsdl()}


def _element(name: str, kind: str, *, mandatory: bool, title: str, many: bool = False) -> str:
    kind = kind if kind.startswith("xs:") else f"tns:{kind}"
    times = ("" if mandatory else ' minOccurs="0"') + (' maxOccurs="unbounded"' if many else "")
    note = f"<xs:annotation><xs:documentation>{escape(title)}</xs:documentation></xs:annotation>"
    return f"      <xs:element name={quoteattr(name)} type={quoteattr(kind)}{times}>{note}</xs:element>\n"


def _complex(name: str, body: str, title: str = "", attribute: str = "") -> str:
    note = f"    <xs:annotation><xs:documentation>{escape(title)}</xs:documentation></xs:annotation>\n" if title else ""
    return f'  <xs:complexType name="{name}">\n{note}    <xs:sequence>\n{body}    </xs:sequence>\n{attribute}  </xs:complexType>\n'


def _plain(rows: Iterable[tuple[str, str, bool, str]]) -> str:
    return "".join(_element(name, kind, mandatory=mandatory, title=title) for name, kind, mandatory, title in rows)


def _type_of(item: Field | Column) -> str:
    return _TYPES.get(item.type, "xs:string")


def _row(items: Iterable[Field | Column]) -> str:
    return "".join(_element(item.code, _type_of(item), mandatory=item.mandatory, title=item.name) for item in items)


def _row_kinds() -> list[RowKind]:
    return [kind for pull in PULLS.values() for kind in pull.rows]


def _schema() -> str:
    sections = layout().sections
    used = [code for code in sections if any(code in push.sections for push in PUSHES.values())]
    identifier = '    <xs:attribute name="Id" type="xs:ID"/>\n'
    signature = '      <xs:element ref="ds:Signature" minOccurs="0"/>\n'
    header = _element("RequestHeader", "RequestHeader", mandatory=True, title="Кто, когда и под каким идентификатором")
    period = _element("Period", "Period", mandatory=True, title="Расчётный месяц")
    parts = [_SIMPLE]
    for places in (2, 3, 6):
        digits = f'<xs:totalDigits value="18"/><xs:fractionDigits value="{places}"/>'
        restriction = f'<xs:restriction base="xs:decimal">{digits}</xs:restriction>'
        parts.append(f'  <xs:simpleType name="Decimal{places}">{restriction}</xs:simpleType>\n')
    parts += [_complex("RequestHeader", _plain(_HEADER)), _complex("Finding", _plain(_FINDING)), _complex("Error", _plain(_ERROR))]
    parts += [_complex(code, _row(sections[code].fields), sections[code].title) for code in used]
    parts += [_complex(kind.code, _row(kind.columns), kind.title) for kind in _row_kinds()]
    for push in PUSHES.values():
        rows = "".join(_element(code, code, mandatory=False, title=sections[code].title, many=True) for code in push.sections)
        parts.append(_complex(f"{push.name}Type", signature + header + period + rows, push.title, identifier))
    for pull in PULLS.values():
        parts.append(_complex(f"{pull.name}Type", signature + header + period, pull.title, identifier))
    asked = _element("MessageGUID", "Guid", mandatory=True, title="Идентификатор из подтверждения приёма")
    asked += _element("Part", "xs:int", mandatory=False, title="Какую часть результата дать; без элемента — первую")
    parts.append(_complex(f"{STATE}Type", signature + header + asked, "Состояние запроса и его результат", identifier))
    ack = _element("MessageGUID", "Guid", mandatory=True, title="Идентификатор, который дал центр: с ним спрашивают состояние")
    ack += _element("RequesterMessageGUID", "Guid", mandatory=True, title="Идентификатор отправителя")
    parts.append(_complex("AckType", ack))
    result = _element("RequestState", "xs:int", mandatory=True, title="1 получен, 2 в обработке, 3 обработан")
    result += _element("MessageGUID", "Guid", mandatory=True, title="Идентификатор, который дал центр")
    result += _element("Part", "xs:int", mandatory=False, title="Какая это часть результата: большой отдаётся частями")
    result += _element("NextPart", "xs:int", mandatory=False, title="Номер следующей части; в последней его нет")
    result += _element("ImportResult", "ImportResultType", mandatory=False, title="Что стало с присланным")
    result += _element("Error", "Error", mandatory=False, title="Почему запрос не исполнен")
    result += "".join(_element(kind.code, kind.code, mandatory=False, title=kind.title, many=True) for kind in _row_kinds())
    imported = _element("Status", "xs:string", mandatory=True, title="accepted, accepted_with_errors или rejected")
    imported += _element("NewRecords", "xs:int", mandatory=True, title="Новых записей")
    imported += _element("Finding", "Finding", mandatory=False, title="Что не так", many=True)
    parts += [_complex("ImportResultType", imported), _complex("StateResultType", result)]
    for name in (*PUSHES, *PULLS, STATE):
        parts.append(f'  <xs:element name="{name}" type="tns:{name}Type"/>\n')
    parts.append('  <xs:element name="Ack" type="tns:AckType"/>\n  <xs:element name="StateResult" type="tns:StateResultType"/>\n')
    parts.append('  <xs:element name="Fault" type="tns:Error"/>\n')
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:tns="{NAMESPACE}" xmlns:ds="{_DS}"\n'
        f'           targetNamespace="{NAMESPACE}" elementFormDefault="qualified">\n'
        f'  <xs:import namespace="{_DS}" schemaLocation="{SIGNATURE}"/>\n'
    )
    return head + "".join(parts) + "</xs:schema>\n"


def _wsdl() -> str:
    titles = {name: push.title for name, push in PUSHES.items()} | {name: pull.title for name, pull in PULLS.items()}
    titles[STATE] = "Состояние и результат запроса"
    messages, operations, bindings = [], [], []
    for name, title in titles.items():
        answer = "StateResult" if name == STATE else "Ack"
        messages.append(f'  <wsdl:message name="{name}Request"><wsdl:part name="body" element="tns:{name}"/></wsdl:message>\n')
        operations.append(
            f'    <wsdl:operation name="{name}">\n      <wsdl:documentation>{escape(title)}</wsdl:documentation>\n'
            f'      <wsdl:input message="tns:{name}Request"/>\n      <wsdl:output message="tns:{answer}Response"/>\n'
            '      <wsdl:fault name="Fault" message="tns:FaultMessage"/>\n    </wsdl:operation>\n'
        )
        bindings.append(
            f'    <wsdl:operation name="{name}">\n      <soap:operation soapAction="urn:{name}"/>\n'
            '      <wsdl:input><soap:body use="literal"/></wsdl:input>\n      <wsdl:output><soap:body use="literal"/></wsdl:output>\n'
            '      <wsdl:fault name="Fault"><soap:fault name="Fault" use="literal"/></wsdl:fault>\n    </wsdl:operation>\n'
        )
    for name, element in (("AckResponse", "Ack"), ("StateResultResponse", "StateResult"), ("FaultMessage", "Fault")):
        messages.append(f'  <wsdl:message name="{name}"><wsdl:part name="body" element="tns:{element}"/></wsdl:message>\n')
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"\n'
        f'                  xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:tns="{NAMESPACE}" targetNamespace="{NAMESPACE}">\n'
        f'  <wsdl:types><xs:schema><xs:import namespace="{NAMESPACE}" schemaLocation="{SCHEMA}"/></xs:schema></wsdl:types>\n'
        + "".join(messages)
        + '  <wsdl:portType name="UkExchange">\n'
        + "".join(operations)
        + '  </wsdl:portType>\n  <wsdl:binding name="UkExchangeBinding" type="tns:UkExchange">\n'
        + '    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>\n'
        + "".join(bindings)
        + '  </wsdl:binding>\n  <wsdl:service name="UkExchangeService">\n'
        + '    <wsdl:port name="UkExchangePort" binding="tns:UkExchangeBinding">\n'
        + f'      <soap:address location="{ADDRESS}"/>\n    </wsdl:port>\n  </wsdl:service>\n</wsdl:definitions>\n'
    )


if __name__ == "__main__":
    folder = Path(__file__).parents[3] / "xsd" / "uk" / VERSION
    for file_name, content in written().items():
        (folder / file_name).write_text(content, encoding="utf-8", newline="\n")
