"""Writes the schema profiles of banks from the short notation below (a developer's tool; the files are committed).

``name?`` 0..1, ``name*`` 0..n, ``name+`` 1..n; ``-`` a part that is not read: 0..n of any contents; ``(a | b)`` stands for a choice and is
written as a type whose first word is ``|``. Words and lines with ``[02 04]`` are of these versions
only; a line that begins with spaces goes on.
"""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["VERSIONS", "camt", "main"]

VERSIONS = ("02", "04", "08")

_COMMON = """
GrpHdr MsgId:Text35 CreDtTm:dateTime MsgRcpt- MsgPgntn- [04 08]OrgnlBizQry- AddtlInf?:Text500
Period FrDtTm:dateTime ToDtTm:dateTime
DateChoice | Dt:date DtTm:dateTime
AcctId | IBAN:IBAN Othr:AcctOthr
AcctOthr Id:Text34 SchmeNm- Issr?:Text35
CashAccount Id:AcctId Tp- Ccy?:Currency Nm?:Text70 [08]Prxy-
OwnAccount Id:AcctId Tp- Ccy?:Currency Nm?:Text70 [08]Prxy- Ownr?:Party Svcr?:Agent
BalTypeChoice | Cd:BalCode Prtry:Text35
BalType CdOrPrtry:BalTypeChoice SubTp-
Bal Tp:BalType CdtLine- Amt:Amount CdtDbtInd:Sign Dt:DateChoice Avlbty-
TtlNtries NbOfNtries?:Count Sum?:Sum [02]TtlNetNtryAmt?:Sum [02]CdtDbtInd?:Sign [04 08]TtlNetNtry-
TtlSide NbOfNtries?:Count Sum?:Sum
TxsSummry TtlNtries?:TtlNtries TtlCdtNtries?:TtlSide TtlDbtNtries?:TtlSide TtlNtriesPerBkTxCd-
StsChoice | Cd:Text4 Prtry:Text35
Family Cd:Text4 SubFmlyCd:Text4
Domain Cd:Text4 Fmly:Family
ProprietaryCode Cd:Text35 Issr?:Text35
BkTxCd Domn?:Domain Prtry?:ProprietaryCode
Btch MsgId?:Text35 PmtInfId?:Text35 NbOfTxs?:Count TtlAmt?:Amount CdtDbtInd?:Sign
NtryDtls Btch?:Btch TxDtls*:TxDtls
Refs MsgId?:Text35 AcctSvcrRef?:Text35 PmtInfId?:Text35 InstrId?:Text35 EndToEndId?:Text35 [08]UETR?:Text36 TxId?:Text35 MndtId?:Text35
  ChqNb?:Text35 ClrSysRef?:Text35 [04 08]AcctOwnrTxId?:Text35 [04 08]AcctSvcrTxId?:Text35 [04 08]MktInfrstrctrTxId?:Text35
  [04 08]PrcgId?:Text35 Prtry-
AmtXchg Amt:Amount CcyXchg-
AmtDtls InstdAmt?:AmtXchg TxAmt?:AmtXchg CntrValAmt- AnncdPstngAmt- PrtryAmt-
[02]Chrgs TtlChrgsAndTaxAmt?:Amount Amt:Amount CdtDbtInd?:Sign Tp- Rate- Br- Pty- Tax-
[04 08]ChrgRcrd Amt:Amount CdtDbtInd?:Sign ChrgInclInd?:boolean Tp- Rate- Br- Agt- Tax-
[04 08]Chrgs TtlChrgsAndTaxAmt?:Amount Rcrd*:ChrgRcrd
OrgOthr Id:Text35 SchmeNm?:Scheme Issr?:Text35
Scheme | Cd:Text4 Prtry:Text35
[02]OrgId BICOrBEI?:BIC Othr*:OrgOthr
[04]OrgId AnyBIC?:BIC Othr*:OrgOthr
[08]OrgId AnyBIC?:BIC LEI- Othr*:OrgOthr
PartyId | OrgId:OrgId PrvtId:lax
Party Nm?:Text140 PstlAdr- Id?:PartyId CtryOfRes- CtctDtls-
[08]PartyChoice | Pty:Party Agt:Agent
ClrSysId | Cd:Text5 Prtry:Text35
ClrSysMmbId ClrSysId?:ClrSysId MmbId:Text35
[02]FinInstnId BIC?:BIC ClrSysMmbId?:ClrSysMmbId Nm?:Text140 PstlAdr- Othr-
[04]FinInstnId BICFI?:BIC ClrSysMmbId?:ClrSysMmbId Nm?:Text140 PstlAdr- Othr-
[08]FinInstnId BICFI?:BIC ClrSysMmbId?:ClrSysMmbId LEI- Nm?:Text140 PstlAdr- Othr-
Agent FinInstnId:FinInstnId BrnchId-
[02 04]RltdPties InitgPty- Dbtr?:Party DbtrAcct?:CashAccount UltmtDbtr- Cdtr?:Party CdtrAcct?:CashAccount UltmtCdtr- TradgPty- Prtry-
[08]RltdPties InitgPty- Dbtr?:PartyChoice DbtrAcct?:CashAccount UltmtDbtr- Cdtr?:PartyChoice CdtrAcct?:CashAccount UltmtCdtr- TradgPty-
  Prtry-
RltdAgts [08]InstgAgt- [08]InstdAgt- DbtrAgt?:Agent CdtrAgt?:Agent IntrmyAgt1- IntrmyAgt2- IntrmyAgt3- RcvgAgt- DlvrgAgt- IssgAgt-
  SttlmPlc- Prtry-
RmtInf Ustrd*:Text140 Strd-
RltdDts AccptncDtTm?:dateTime TradActvtyCtrctlSttlmDt- TradDt- IntrBkSttlmDt?:date StartDt- EndDt- TxDtTm?:dateTime Prtry-
TxDtls Refs?:Refs [04]Amt:Amount [04]CdtDbtInd:Sign [08]Amt?:Amount [08]CdtDbtInd?:Sign AmtDtls?:AmtDtls Avlbty- BkTxCd?:BkTxCd
  [02]Chrgs*:Chrgs [04 08]Chrgs?:Chrgs Intrst- RltdPties?:RltdPties RltdAgts?:RltdAgts [08]LclInstrm- Purp- RltdRmtInf- RmtInf?:RmtInf
  RltdDts?:RltdDts RltdPric- RltdQties- FinInstrmId- Tax- RtrInf- CorpActn- SfkpgAcct- [04 08]CshDpst- [04 08]CardTx- AddtlTxInf?:Text500
  [04 08]SplmtryData-
Ntry NtryRef?:Text35 Amt:Amount CdtDbtInd:Sign RvslInd?:boolean [02 04]Sts:StsCode [08]Sts:StsChoice BookgDt?:DateChoice
  ValDt?:DateChoice AcctSvcrRef?:Text35 Avlbty- BkTxCd:BkTxCd ComssnWvrInd- AddtlInfInd- AmtDtls?:AmtDtls [02]Chrgs*:Chrgs
  [04 08]Chrgs?:Chrgs TechInptChanl- Intrst- [04 08]CardTx- NtryDtls*:NtryDtls AddtlNtryInf?:Text500
"""
_STATEMENT = """
Stmt Id:Text35 [04 08]StmtPgntn- ElctrncSeqNb?:Number [08]RptgSeq- LglSeqNb?:Number [02 04]CreDtTm:dateTime [08]CreDtTm?:dateTime
  FrToDt?:Period CpyDplctInd?:CopyCode RptgSrc- Acct:OwnAccount RltdAcct- Intrst- Bal+:Bal TxsSummry?:TxsSummry Ntry*:Ntry
  AddtlStmtInf?:Text500
BkToCstmrStmt GrpHdr:GrpHdr Stmt+:Stmt
Document BkToCstmrStmt:BkToCstmrStmt
"""
_NOTICE = """
Ntfctn Id:Text35 [04 08]NtfctnPgntn- ElctrncSeqNb?:Number [08]RptgSeq- LglSeqNb?:Number [02 04]CreDtTm:dateTime [08]CreDtTm?:dateTime
  FrToDt?:Period CpyDplctInd?:CopyCode RptgSrc- Acct:OwnAccount RltdAcct- Intrst- TxsSummry?:TxsSummry Ntry*:Ntry AddtlNtfctnInf?:Text500
BkToCstmrDbtCdtNtfctn GrpHdr:GrpHdr Ntfctn+:Ntfctn
Document BkToCstmrDbtCdtNtfctn:BkToCstmrDbtCdtNtfctn
"""
_XS = frozenset(("date", "dateTime", "boolean"))
_OCCURS = {"": "", "?": ' minOccurs="0"', "*": ' minOccurs="0" maxOccurs="unbounded"', "+": ' maxOccurs="unbounded"'}
_LAX = (
    '<xs:complexType name="lax" mixed="true"><xs:sequence>'
    '<xs:any namespace="##any" processContents="lax" minOccurs="0" maxOccurs="unbounded"/></xs:sequence>'
    '<xs:anyAttribute namespace="##any" processContents="lax"/></xs:complexType>'
)
_OLD_BIC = "[A-Z]{6}[A-Z2-9][A-NP-Z0-9]([A-Z0-9]{3})?"
_NEW_BIC = "[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?"
_BALANCES = ("XPCD", "OPAV", "ITAV", "CLAV", "FWAV", "CLBD", "ITBD", "OPBD", "PRCD", "INFO")


def camt(message: str, version: str) -> str:
    """The schema of ``053`` or ``054`` in a version."""
    namespace = f"urn:iso:std:iso:20022:tech:xsd:camt.{message}.001.{version}"
    notation = (_COMMON + (_STATEMENT if message == "053" else _NOTICE)).replace("\n  ", " ")
    body = [_complex(line, version) for line in notation.splitlines() if line]
    head = _head(namespace, version)
    return "\n".join(
        [head, '<xs:element name="Document" type="Document"/>', _LAX, *_simple(version), *filter(None, body), "</xs:schema>", ""]
    )


def _head(namespace: str, version: str) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="{namespace}" targetNamespace="{namespace}"'
        f' elementFormDefault="qualified" version="{version}">'
    )


def _complex(line: str, version: str) -> str:
    words = []
    for word in re.findall(r"\[[\d ]+\]\S+|\S+", line):
        match = re.fullmatch(r"\[([\d ]+)\](\S+)", word)
        if match is None:
            words.append(word)
        elif version in match[1].split():
            words.append(match[2])
        elif not words:
            return ""
    name, *parts = words
    choice = parts[:1] == ["|"]
    elements = "".join(_element(part) for part in parts[choice:])
    kind = "choice" if choice else "sequence"
    return f'<xs:complexType name="{name}"><xs:{kind}>{elements}</xs:{kind}></xs:complexType>'


def _element(part: str) -> str:
    if part.endswith("-"):
        return f'<xs:element name="{part[:-1]}" type="lax" minOccurs="0" maxOccurs="unbounded"/>'
    match = re.fullmatch(r"(\w+)([?*+]?):(\w+)", part)
    if match is None:
        raise ValueError(part)
    kind = f"xs:{match[3]}" if match[3] in _XS else match[3]
    return f'<xs:element name="{match[1]}" type="{kind}"{_OCCURS[match[2]]}/>'


def _simple(version: str) -> list[str]:
    texts = [
        _restrict(f"Text{n}", "string", f'<xs:minLength value="1"/><xs:maxLength value="{n}"/>') for n in (4, 5, 34, 35, 36, 70, 140, 500)
    ]
    balance = "Text4" if version == "08" else None
    codes = (
        _restrict("BalCode", "string", _listed(_BALANCES))
        if balance is None
        else '<xs:simpleType name="BalCode"><xs:restriction base="Text4"/></xs:simpleType>'
    )
    return [
        *texts,
        _restrict("Number0", "decimal", '<xs:minInclusive value="0"/><xs:totalDigits value="18"/><xs:fractionDigits value="5"/>'),
        '<xs:complexType name="Amount"><xs:simpleContent><xs:extension base="Number0">'
        '<xs:attribute name="Ccy" type="Currency" use="required"/></xs:extension></xs:simpleContent></xs:complexType>',
        _restrict("Sum", "decimal", '<xs:totalDigits value="18"/><xs:fractionDigits value="17"/>'),
        _restrict("Number", "decimal", '<xs:totalDigits value="18"/><xs:fractionDigits value="0"/>'),
        _restrict("Count", "string", '<xs:pattern value="[0-9]{1,15}"/>'),
        _restrict("Sign", "string", _listed(("CRDT", "DBIT"))),
        _restrict("StsCode", "string", _listed(("BOOK", "PDNG", "INFO"))),
        _restrict("CopyCode", "string", _listed(("CODU", "COPY", "DUPL"))),
        _restrict("Currency", "string", '<xs:pattern value="[A-Z]{3}"/>'),
        _restrict("IBAN", "string", '<xs:pattern value="[A-Z]{2}[0-9]{2}[a-zA-Z0-9]{1,30}"/>'),
        _restrict("BIC", "string", f'<xs:pattern value="{_NEW_BIC if version == "08" else _OLD_BIC}"/>'),
        codes,
    ]


def _restrict(name: str, base: str, facets: str) -> str:
    return f'<xs:simpleType name="{name}"><xs:restriction base="xs:{base}">{facets}</xs:restriction></xs:simpleType>'


def _listed(values: tuple[str, ...]) -> str:
    return "".join(f'<xs:enumeration value="{value}"/>' for value in values)


_TEXT = "[ ]*[!-~А-яЁё№][ -~А-яЁё№]*"
_KOPECK = "-?[1-9][0-9]*|0"


def _digits(name: str, low: int | None, total: int = 18) -> str:
    least = "" if low is None else f'<xs:minInclusive value="{low}"/>'
    return _restrict(name, "integer", f'{least}<xs:totalDigits value="{total}"/><xs:pattern value="{_KOPECK}"/>')


def _ufebs_text(name: str, length: int) -> str:
    return _restrict(name, "string", f'<xs:minLength value="1"/><xs:maxLength value="{length}"/><xs:pattern value="{_TEXT}"/>')


def _coded(name: str, pattern: str) -> str:
    return _restrict(name, "string", f'<xs:pattern value="{pattern}"/>')


_UFEBS_SIMPLE = (
    _digits("Kopeck", 1),
    _digits("Kopeck0", 0),
    _digits("Balance", None),
    _digits("EDNo", 1, 9),
    _digits("Quantity", 1, 9),
    _digits("Ordinal", 1, 6),
    _coded("UIS", "[0-9]{10}"),
    _coded("Bic", "[0-9]{9}"),
    _coded("Code1", "[0-9]{1}"),
    _coded("Code2", "[0-9]{2}"),
    _coded("Account", "[1-9][0-9]{4}[0-9ABCEHKMPTX][0-9]{14}"),
    _restrict("DocNo", "string", '<xs:minLength value="1"/><xs:maxLength value="6"/><xs:pattern value="[0-9]*[1-9][0-9]*"/>'),
    _coded("Aggregate", "[0-9]{1,27}"),
    _restrict("Date", "date", '<xs:pattern value="[0-9]{4}-[0-9]{2}-[0-9]{2}"/>'),
    _restrict("Time", "time", '<xs:pattern value="[0-9]{2}:[0-9]{2}:[0-9]{2}"/>'),
    _ufebs_text("Text9", 9),
    _ufebs_text("Text12", 12),
    _ufebs_text("Text25", 25),
    _ufebs_text("Text160", 160),
    _ufebs_text("Text210", 210),
    _restrict("Priority", "string", _listed(("0", "1", "2", "3", "4", "5"))),
    _restrict("SystemCode", "string", _listed(("01", "02", "05"))),
    _restrict("TransKind01", "string", _listed(("01",))),
)
_ID = "EDNo!:EDNo EDDate!:Date EDAuthor!:UIS"
_UFEBS_COMPLEX = {
    "EDRefID": ("", _ID),
    "PartInfo": ("", "PartNo!:Ordinal PartQuantity!:Ordinal PartAggregateID!:Aggregate"),
    "TransInfo": (
        "EDRefID:EDRefID",
        "AccDocNo:DocNo BICCorr!:Bic DC!:Code1 PayeePersonalAcc:Account PayerPersonalAcc!:Account Sum!:Kopeck TransKind!:Code2"
        " TurnoverKind!:Code1 CashDocNo:any",
    ),
    "ED211": (
        "PartInfo?:PartInfo InitialED?:EDRefID TransInfo*:TransInfo",
        f"{_ID} EDReceiver:UIS ReservedSum:Kopeck CreditLimitSum:Kopeck CreditSum:Kopeck DebetSum:Kopeck OutBal!:Balance EnterBal:Balance"
        " BIC!:Bic Acc!:Account EndTime!:Time BeginTime:Time AbstractDate!:Date LastMovetDate:Date AbstractKind!:Code1"
        " InquirySession:Code1 RTGSUnconfirmedED:Kopeck0 RTGSTULiquidity:Kopeck0 RTGSRedistLiquidCode:Code1 ArrestSum:Kopeck",
    ),
    "AccDoc": ("", "AccDocNo!:DocNo AccDocDate!:Date"),
    "Bank": ("", "BIC!:Bic CorrespAcc:Account"),
    "Side": ("Name:Text160 Bank:Bank", "PersonalAcc:Account INN:Text12 KPP:Text9"),
    "ED101": (
        "SettleNotEarlier- SettleNotLater- AccDoc:AccDoc Payer:Side Payee:Side ParticipantBusinessScenario- DepartmentalInfo-"
        " SettlementCondition- Purpose:Text210 InitialED- ProcessingDetails-",
        f"{_ID} EDReceiver:UIS PaytKind:Code1 Sum!:Kopeck PaymentPrecedence:Code2 ReqSettlementDate:Date TransKind!:TransKind01"
        " Priority!:Priority ReceiptDate:Date FileDate:Date ChargeOffDate:Date SystemCode:Code2 SessionID:Code1 PaymentID:Text25",
    ),
}
_OTHER_PAYMENTS = ("ED103", "ED104", "ED105", "ED107", "ED108", "ED109", "ED110", "ED111")


def ufebs(root: str) -> str:
    """The schema of ``ED211``, ``ED101`` or ``PacketEPD``, album 2017.4.2."""
    head = _head("urn:cbr-ru:ed:v2.0", "2017.4.2")
    body = [_ufebs_type(name, *parts) for name, parts in _UFEBS_COMPLEX.items()]
    if root == "PacketEPD":
        others = "".join(f'<xs:element name="{name}" type="lax"/>' for name in _OTHER_PAYMENTS)
        attributes = f"{_ID} EDReceiver:UIS EDQuantity!:Quantity Sum!:Kopeck SystemCode!:SystemCode SessionID:Code1"
        body.append(
            f'<xs:complexType name="PacketEPD"><xs:sequence>{_element("Session-")}<xs:choice maxOccurs="unbounded">'
            f'<xs:element name="ED101" type="ED101"/>{others}</xs:choice></xs:sequence>{_attributes(attributes)}</xs:complexType>'
        )
    return "\n".join([head, f'<xs:element name="{root}" type="{root}"/>', _LAX, *_UFEBS_SIMPLE, *body, "</xs:schema>", ""])


def _ufebs_type(name: str, elements: str, attributes: str) -> str:
    inside = "".join(_element(part) for part in elements.split())
    sequence = f"<xs:sequence>{inside}</xs:sequence>" if inside else ""
    return f'<xs:complexType name="{name}">{sequence}{_attributes(attributes)}</xs:complexType>'


def _attributes(listed: str) -> str:
    written = []
    for item in listed.split():
        name, _, kind = item.partition(":")
        use = ' use="required"' if name.endswith("!") else ""
        written.append(f'<xs:attribute name="{name.rstrip("!")}" type="{"xs:string" if kind == "any" else kind}"{use}/>')
    return "".join(written)


def main() -> None:
    """Write all files beside this module."""
    folder = Path(__file__).parent
    for message in ("053", "054"):
        for version in VERSIONS:
            (folder / f"camt.{message}.001.{version}.xsd").write_text(camt(message, version), encoding="utf-8")
    for root in ("ED211", "ED101", "PacketEPD"):
        (folder / f"ufebs-{root.lower()}.xsd").write_text(ufebs(root), encoding="utf-8")


if __name__ == "__main__":
    main()
