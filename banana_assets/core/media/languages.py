"""Languages by their codes (ISO 639-1, -2 and -3), and whether a tag is well-formed and known (BCP 47, RFC 5646)."""

from __future__ import annotations

import re
import string
import zlib
from base64 import b85decode
from functools import cache

_NAMED = (
    "aa aar - Afar|ab abk - Abkhazian|af afr - Afrikaans|ak aka - Akan|am amh - Amharic|ar ara - Arabic|an arg - "
    "Aragonese|as asm - Assamese|av ava - Avaric|ae ave - Avestan|ay aym - Aymara|az aze - Azerbaijani|ba bak - "
    "Bashkir|bm bam - Bambara|be bel - Belarusian|bn ben - Bengali|bh bih - Bihari languages|bi bis - Bislama|bo "
    "bod tib Tibetan|bs bos - Bosnian|br bre - Breton|bg bul - Bulgarian|ca cat - Catalan|cs ces cze Czech|ch cha "
    "- Chamorro|ce che - Chechen|cu chu - Church Slavic|cv chv - Chuvash|kw cor - Cornish|co cos - Corsican|cr "
    "cre - Cree|cy cym wel Welsh|da dan - Danish|de deu ger German|dv div - Divehi|dz dzo - Dzongkha|el ell gre "
    "Greek|en eng - English|eo epo - Esperanto|et est - Estonian|eu eus baq Basque|ee ewe - Ewe|fo fao - "
    "Faroese|fa fas per Persian|fj fij - Fijian|fi fin - Finnish|fr fra fre French|fy fry - Western Frisian|ff "
    "ful - Fulah|gd gla - Gaelic|ga gle - Irish|gl glg - Galician|gv glv - Manx|gn grn - Guarani|gu guj - "
    "Gujarati|ht hat - Haitian|ha hau - Hausa|he heb - Hebrew|hz her - Herero|hi hin - Hindi|ho hmo - Hiri "
    "Motu|hr hrv - Croatian|hu hun - Hungarian|hy hye arm Armenian|ig ibo - Igbo|io ido - Ido|ii iii - Sichuan "
    "Yi|iu iku - Inuktitut|ie ile - Interlingue|ia ina - Interlingua|id ind - Indonesian|ik ipk - Inupiaq|is isl "
    "ice Icelandic|it ita - Italian|jv jav - Javanese|ja jpn - Japanese|kl kal - Kalaallisut|kn kan - Kannada|ks "
    "kas - Kashmiri|ka kat geo Georgian|kr kau - Kanuri|kk kaz - Kazakh|km khm - Central Khmer|ki kik - Kikuyu|rw "
    "kin - Kinyarwanda|ky kir - Kirghiz|kv kom - Komi|kg kon - Kongo|ko kor - Korean|kj kua - Kuanyama|ku kur - "
    "Kurdish|lo lao - Lao|la lat - Latin|lv lav - Latvian|li lim - Limburgan|ln lin - Lingala|lt lit - "
    "Lithuanian|lb ltz - Luxembourgish|lu lub - Luba-Katanga|lg lug - Ganda|mh mah - Marshallese|ml mal - "
    "Malayalam|mr mar - Marathi|mk mkd mac Macedonian|mg mlg - Malagasy|mt mlt - Maltese|mn mon - Mongolian|mi "
    "mri mao Maori|ms msa may Malay|my mya bur Burmese|na nau - Nauru|nv nav - Navajo|nr nbl - Ndebele|nd nde - "
    "Ndebele|ng ndo - Ndonga|ne nep - Nepali|nl nld dut Dutch|nn nno - Norwegian Nynorsk|nb nob - Bokmål|no nor - "
    "Norwegian|ny nya - Chichewa|oc oci - Occitan|oj oji - Ojibwa|or ori - Oriya|om orm - Oromo|os oss - "
    "Ossetian|pa pan - Panjabi|pi pli - Pali|pl pol - Polish|pt por - Portuguese|ps pus - Pushto|qu que - "
    "Quechua|rm roh - Romansh|ro ron rum Romanian|rn run - Rundi|ru rus - Russian|sg sag - Sango|sa san - "
    "Sanskrit|si sin - Sinhala|sk slk slo Slovak|sl slv - Slovenian|se sme - Northern Sami|sm smo - Samoan|sn sna "
    "- Shona|sd snd - Sindhi|so som - Somali|st sot - Sotho|es spa - Spanish|sq sqi alb Albanian|sc srd - "
    "Sardinian|sr srp - Serbian|ss ssw - Swati|su sun - Sundanese|sw swa - Swahili|sv swe - Swedish|ty tah - "
    "Tahitian|ta tam - Tamil|tt tat - Tatar|te tel - Telugu|tg tgk - Tajik|tl tgl - Tagalog|th tha - Thai|ti tir "
    "- Tigrinya|to ton - Tonga|tn tsn - Tswana|ts tso - Tsonga|tk tuk - Turkmen|tr tur - Turkish|tw twi - Twi|ug "
    "uig - Uighur|uk ukr - Ukrainian|ur urd - Urdu|uz uzb - Uzbek|ve ven - Venda|vi vie - Vietnamese|vo vol - "
    "Volapük|wa wln - Walloon|wo wol - Wolof|xh xho - Xhosa|yi yid - Yiddish|yo yor - Yoruba|za zha - Zhuang|zh "
    "zho chi Chinese|zu zul - Zulu"
)
"""Code of two letters, of three, the bibliographic one where it differs, and the name (ISO 639-1, ISO 639-2)."""

_REGIONS = (
    "AW AF AO AI AX AL AD AE AR AM AS AQ TF AG AU AT AZ BI BE BJ BQ BF BD BG BH BS BA BL BY BZ BM BO BR BB BN BT "
    "BV BW CF CA CC CH CL CN CI CM CD CG CK CO KM CV CR CU CW CX KY CY CZ DE DJ DM DK DO DZ EC EG ER EH ES EE ET "
    "FI FJ FK FR FO FM GA GB GE GG GH GI GN GP GM GW GQ GR GD GL GT GF GU GY HK HM HN HR HT HU ID IM IN IO IE IR "
    "IQ IS IL IT JM JE JO JP KZ KE KG KH KI KN KR KW LA LB LR LY LC LI LK LS LT LU LV MO MF MA MC MD MG MV MX MH "
    "MK ML MT MM ME MN MP MZ MR MS MQ MU MW MY YT NA NC NE NF NG NI NU NL NO NP NR NZ OM PK PA PN PE PH PW PG PL "
    "PR KP PT PY PS PF QA RE RO RU RW SA SD SN SG GS SH SJ SB SL SV SM SO PM RS SS ST SR SK SI SE SZ SX SC SY TC "
    "TD TG TH TJ TK TM TL TO TT TN TR TV TW TZ UG UA UM UY US UZ VA VC VE VG VI VN VU WF WS YE ZA ZM ZW "
)
"""ISO 3166-1."""

_THREE = (
    "c-o~^e{dA_6@TBo-Mb^@$6mM`p;EGmN9!LThaD$aE!q4cL9tvAh~p4~2vSBRYSDnlu?q=;ww;M#D0EspD~_3QrbB9BsMTZ>HBBAV3l1b"
    "I4NIkMN@Ls$CfTIP-s}7BC6531&D`F8-}imrd*Aoo=d(CurV))RlbHV8&bz0&?nG=HZG6)3AYPCTub)5%5p5e?v9I5t=i0Mb2M{&BMog"
    "kvH!}QW%|IgPQ%oms_Xqjoh^D)*;f&atg=nFXM05-sB2C($hedXii1mD(u|pg+r_ZEaH|7N5R~g0KZBEzkm#JU=wzG8U>?OqzErSj+OP"
    "nn!?>!biYR3i^Y}&YQ?xI5NYYVNKl{@?ZQ^?~SC|uQjB#G=Gv`RXVc%q;-=l3}Ecs0F61Y!Fx7j~MlTWQC9;^TsUe)e@*!{n)8vG_b(g"
    "jDyA+TLGpIX`51Kp>Nj>W3<tcd^@hV|z^0NWsKS9)Q-MuPXRmU;uJp4Zv2JcIa0of~-sQB7uIJNUF=r<n0T>51hMfT>r=eI;h+b#07V;"
    "{=S#;PqxszdWbtEt-w?$BiCu`E;lsS0Vtrln>@hjHzfDCBEIey!GACc;9ucYxlUDmqouN+n_heSkMk*10KO$uTMNx(!>b)={=ljo@W@J"
    "QmtMZ)Hy-mX)6-Mg#O8LMKeqY8$~QH9g1VrIeqj08`;*SR!|Nz1ksS2?`<9Wy({m`L*gnD62q`Ky<Vpw0y)K_!l<x+TRS^AW(=D?ptCz"
    "y!<FJ*?>c?`W#FgD1Hz!rPv;7biN38k+u}GTbm)r};EOX&};qmKhf-fi?6-_=`ei&85hbtOYMTUHc9u2_7FRcxC&SAUe#s`1s2Srl3&u"
    "H1N*7Wwbbgn)zNp0}+LYD&*fT=nN{_(-SyWc+*0+=l_MfvPi>KbJ8OUbEI$LEVWu%3_#a;j<D+D`;_FRT`InkJ<KbT9cLNquVN2=vCL6"
    "P4YHPLI5X)>vj{i)@^pXKiN2U2)Jfab~Z5a>jy-i<Cjf)e#sBH2O_^=cKe0eW^*BH$S`=zs38nr&AVcWd)H$Y_WrzZsIEQ=G^0ip9-BW"
    "si+$hFD52-2aZ&Y+gPtM>EeT%fi5J{UY3sE0FHxlCa}#jLNhj#q2YqlG~+HVrzyZS)+jCOJpUWu=h9=^3?I~@mPor+ns7)o$wi;V^<TU"
    "^K+k96T^T1=(a`3#RC(V&(NlBgb&B;!&3(LDN)W26-rX@e=OzU%k-8)(fIYk9T&WnC*Bz#+t&&JJ_XZT2v*uxE=VRXE-io2m?>`l55Vx"
    "t2Q$j`?x+iMok3U##+Vca17Jw%AY?e&jhm@%q@%D9SsKLgETQU9|)nv`G;P-K8_>5IVu<E|Hc)#JaP1;j*=Ml#$9;xRCH9X%xQ7b)fjT"
    "SoJBX6Zol~6^2l`d5L@P7-o4OD+MzsBFG=KpsAb4e<dMgwl;`IG<1x$Aty0^tx1apcfx76sN2sN`m*X=J}4<M?{e6&LriAlw6TiTrS_x"
    "q{QvW<lYDTEgfr)9mHu)nwab3-#$fRUVEHI=0*Ey5ZPx(G0WOj>*Zt8tV=|lbEunIk~oar&Sx3pGHjNByxQ5zr=snJj(k`t#<km+r~^R"
    "Qcntog#%;h{b|&CR^`P0gzbo9^d0#bXLGyHv6kyb7r8U1XANWCyn39tQj?5_-uh4MmBk7~1TkDm_*XA^Mb3O8L}q!TR0|ctw2=R{x9|R"
    "W!F9u-?UyUFhzwO1m{ay(-h-9J;aA8aTP<*L2`)_ix-1)Y$1;fJG_Ehtykzmkk#{+rvUIKh*(uyt1WV{dR>pvE<AGUj4WVJ$+qZcXlLy"
    ")Z6sVc4{%B$g?M8xPmCVGkqB|rJT6JaPGl{tQ)Q5X7myY)B3}#OI?JId3wt9Xl$v<EDXHrEVO#CAYD+F4kM)5@7JJH^~&*em=*BWmW(}"
    "BkpuHU2HP@1+i(~Q#hR6G2@2w^ML-@SIUWC}44^o~ux2qh*9;})KK?F=i+Wi>y!*B`wta!r?&Fi&({nt6|AsUZeA-&w`KR870e1%cf#4"
    "7$C1spaB^m&>j?M;`sdM&;7!Pa{9(bGSAY=xVHsLP1nBF8Dx^8{aIKy_9RV5Fo;LG)V}(z%K;yY+gfXhzLs?*@_NNm=+iQ@gwhFMIwAH"
    "#8_k0M~Tj3G@>gRTa>N-{n^k_kNizV3&L5%&hS6QBg69"
)
"""Which of the words of three letters are codes of ISO 639-2 or ISO 639-3: a bit each, aaa the first, packed."""

_TAG = re.compile(
    r"(?P<language>[a-z]{2,3})(?:-[a-z]{3}){0,3}(?:-(?P<script>[a-z]{4}))?(?:-(?P<region>[a-z]{2}|\d{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|\d[a-z0-9]{3}))*(?:-[0-9a-wyz](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?"
)
_NO_LANGUAGE = frozenset({"und", "mis", "zxx", "mul", "xxx"})
"""Undetermined, uncoded, no linguistic content, several: codes that say no language (``XXX`` is ID3's own)."""


def problem(text: str) -> str:
    """What is wrong with it as a language tag; empty where nothing is.

    Says which code is meant where a language is named by its English name.
    """
    found = _TAG.fullmatch(text.strip().lower().replace("_", "-"))
    if found is None or not known(found["language"]):
        meant = code_of(text)
        return f"no language code (BCP 47); {meant} is" if meant else "no language code (BCP 47, ISO 639)"
    if found["language"] in _NO_LANGUAGE:
        return "says no language"
    if found["region"] and found["region"].isalpha() and found["region"].upper() not in _regions():
        return f"{found['region'].upper()} is no region (ISO 3166-1)"
    return ""


def known(code: str) -> bool:
    """Whether it is a code of ISO 639-1, -2 or -3, in small letters."""
    if len(code) == 2:
        return code in _by_two()
    if len(code) != 3 or not code.isalpha() or not code.isascii():
        return False
    number = 0
    for letter in code:
        number = number * 26 + string.ascii_lowercase.index(letter)
    return bool(_bits()[number >> 3] >> (number & 7) & 1) or code in _NO_LANGUAGE


def code_of(text: str) -> str:
    """The ISO 639-1 code of a language named in English or by a code of three letters; empty where it is none."""
    return _by_name().get(text.strip().casefold(), "")


def plain(text: str) -> str:
    """The tag in one spelling, by which two are compared: ``eng``, ``EN`` and ``en`` are the same, ``en-GB`` is not."""
    first, dash, rest = text.strip().lower().replace("_", "-").partition("-")
    return (_by_name().get(first, first) if len(first) == 3 else first) + dash + rest


def three_letters(text: str) -> str:
    """The code of ISO 639-2 or -3 for a tag, as ID3 wants it; empty where there is none."""
    first = plain(text).partition("-")[0]
    return first if len(first) == 3 and known(first) else _by_two().get(first, "")


@cache
def _table() -> tuple[tuple[str, str, str, str], ...]:
    rows = (row.split(" ", 3) for row in _NAMED.split("|"))
    return tuple((two, three, other.strip("-"), name) for two, three, other, name in rows)


@cache
def _by_two() -> dict[str, str]:
    return {two: three for two, three, _, _ in _table()}


@cache
def _by_name() -> dict[str, str]:
    return {key: two for two, three, other, name in _table() for key in (three, other, name.casefold()) if key}


@cache
def _regions() -> frozenset[str]:
    return frozenset(_REGIONS.split())


@cache
def _bits() -> bytes:
    return zlib.decompress(b85decode(_THREE))
