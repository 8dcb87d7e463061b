"""Phone numbers of many countries, cards and IBANs are found whole however they are parted and typed; figures of other kinds are not."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from burnish_shared.contracts.guardrails import Masking, PersonalData
from burnish_shared.guarding.masks import Masks, blotted
from burnish_shared.guarding.outgoing import Outgoing
from burnish_shared.guarding.personal_data import FINDERS
from burnish_shared.guarding.plain_digits import BLANKS, HYPHENS, UNSEEN, ZEROS, Places, plain
from burnish_shared.guarding.rules import rule_of, stored_finders
from burnish_shared.guarding.spans import found_in, to_bytes

pytestmark = pytest.mark.capability("E18", "E13")

ALL = stored_finders(Masking(kinds=["email", "phone", "card", "iban", "ip", "secret"]))

PHONES = {
    "FR": ["06 12 34 56 78", "06.12.34.56.78", "06-12-34-56-78", "0612345678", "01 42 68 53 00", "+33 6 12 34 56 78", "0033 6 12 34 56 78"],
    "NL": ["06-12345678", "06 12345678", "0612345678", "020-1234567", "06 12 34 56 78", "010 123 4567", "+31 6 12345678"],
    "BE": ["0475 12 34 56", "0475/12.34.56", "0475.12.34.56", "02 123 45 67", "02/123.45.67", "02.123.45.67", "+32 475 12 34 56"],
    "DE": ["030 1234567", "0151-12345678", "01511234567", "089/1234567", "030 123 456-78", "+49 (0)30 1234567"],
    "AT": ["0664 1234567", "01 1234567", "01 234567890", "+43 664 1234567"],
    "CH": ["044 668 18 00", "079 123 45 67", "+41 44 668 18 00"],
    "GB": ["020 7946 0958", "07911 123456", "07911123456", "0161 496 0000", "+44 20 7946 0958"],
    "IE": ["087 123 4567", "01 234 5678"],
    "ES": ["612 345 678", "612-345-678", "612 34 56 78", "912 345 678", "91 123 45 67", "+34 612 345 678"],
    "PT": ["912 345 678", "+351 912 345 678"],
    "IT": ["06 1234 5678", "02 12345678", "011 123 4567", "347 123 4567", "347 1234567", "347-1234567", "+39 347 123 4567"],
    "PL": ["612 345 678", "512 345 678", "22 123 45 67", "+48 612 345 678"],
    "CZ": ["601 123 456"],
    "SE": ["08-123 456 78", "070-123 45 67"],
    "JP": ["03-1234-5678", "090-1234-5678", "09012345678", "0120-123-456", "03 1234 5678", "+81 3 1234 5678"],
    "KR": ["02-123-4567", "02-1234-5678", "010-1234-5678", "01012345678", "+82 10 1234 5678"],
    "CN": ["138 1234 5678", "138-1234-5678", "010-12345678", "+86 138 1234 5678"],
    "IN": ["98765 43210", "98765-43210", "+91 98765 43210", "022 2345 6789"],
    "AU": ["02 9876 5432", "0412 345 678", "0412345678", "(02) 9876 5432", "+61 2 9876 5432"],
    "NZ": ["09 123 4567", "021 123 4567"],
    "US": ["(415) 555-0100", "415-555-0100", "415.555.0100", "1-800-555-0100", "+1 415 555 0100"],
    "BR": ["(11) 91234-5678", "11 91234-5678"],
    "RU": ["8 (912) 345-67-89", "8-912-345-67-89", "+7 912 345-67-89"],
    "TR": ["0532 123 45 67"],
    "ZA": ["082 123 4567"],
}  # fmt: skip

NUMBERS = [
    *(("phone", country, number) for country, numbers in PHONES.items() for number in numbers),
    *(("card", "dots", one) for one in ("4111.1111.1111.1111", "3782.822463.10005")),
    *(("card", "other", one) for one in ("4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005")),
    *(("iban", "blanks", one) for one in ("DE89 3704 0044 0532 0130 00", "GB82 WEST 1234 5698 7654 32", "NO93 8601 1117 947")),
    *(("iban", "others", one) for one in ("DE89-3704-0044-0532-0130-00", "DE89.3704.0044.0532.0130.00", "GB82WEST12345698765432")),
]

AROUND = ["{}", "Call {} please.", "Phone:{}, or mail", "größer 🔑 ({}), et «{}»", "一、{}。", "a\n{}\nb", "tel. {}; fax {}", "{} / {}"]

OTHER = {
    "dates": [
        "01-12-2024", "03/04/2024 12:30", "2024-11-25", "05-06-24 10-12", "on 02.12.2024 at 10", "25.11.2024-26.11.2024",
        "06/12/2024 10:15:30",
    ],
    "times": ["2024-11-25T06:12:34.567890Z", "2024-11-25T06:12:34+01:00", "20241125061234", "06:12:34,567", "1732512345", "1732512345678"],
    "orders": [
        "Order 20631", "order 612 345 678", "Order no. 0615-123456", "invoice 030 1234567", "ticket #612-345-678", "2024-11-0042",
        "ISBN 0764526413", "ISBN 978-3-16-148410-0", "ORD-2024-001234", "SKU 06-12345678", "4711-0815", "ABC-612-345-678", "#612 345 678",
        "EAN 4006381333931",
    ],
    "versions": ["1.2.3", "v10.15.7-rc.1", "2024.11.25.1", "Python 3.11.7", "20.04.6", "1.06.12.34.56.78"],
    "prices": [
        "1,234.56", "12 345,67 €", "612 345 678 €", "$612 345 678", "EUR 612 345 678", "1 612 345 678", "612 345 678 901", "612 345 678,50",
        "912\u202f345\u202f678\u00a0€", "600 700 800 px", "10 000 pieces", "98765 43210 USD",
    ],
    "uuids": [
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "12345678-0123-4567-8901-234567890123", "01234567-0612-4345-8678-901234567890",
        "01-23-45-67-89-AB", "01:23:45:67:89:ab", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    ],
    "coordinates": ["48.8566, 2.3522", "52.520008 13.404954", "-33.868820,151.209290", "N 48° 51.396 E 2° 21.132", "3.141592653589793"],
    "code": [
        "x = [612, 345, 678]", "0x0612345678", "font-weight: 600 700 800;", "arr[06] + 12 - 345", "00 01 02 03 04 05 06 07 08",
        "a_06_12345678", "for i in range(10000000):", "rgb(612, 345, 678)", "chmod 0644 file 0755 dir", "1e-06 1234 5678.5",
        "SHA 06123456789012345678",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "where", "number"), NUMBERS)
def test_a_number_is_found_whole_wherever_it_stands(kind: str, where: str, number: str) -> None:
    for around in AROUND:
        assert blotted(to_bytes(around.replace("{}", number)), ALL).decode() == around.replace("{}", f"[{kind.upper()}]"), (where, around)


def _typed(number: str, *, blank: str = " ", hyphen: str = "-", zero: str = "0") -> str:
    return number.translate({ord(" "): blank, ord("-"): hyphen} | {ord("0") + n: chr(ord(zero) + n) for n in range(10)})


WAYS = [
    *({"blank": one} for one in BLANKS), *({"hyphen": one} for one in HYPHENS), *({"zero": one} for one in ZEROS),
    *({"blank": f" {one}"} for one in UNSEEN[:3]), {"zero": "０", "blank": "\u3000", "hyphen": "－"},
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS, ids=ascii)
def test_a_number_is_found_whole_however_it_is_typed(way: dict[str, str]) -> None:
    for kind, where, number in NUMBERS:
        typed = _typed(number, **way)
        for around in ("{}", "Call {} please.", "«\u00a0{}\u00a0»"):
            assert blotted(to_bytes(around.format(typed)), ALL).decode() == around.format(f"[{kind.upper()}]"), (where, typed)


@pytest.mark.parametrize(("sort", "text"), [(sort, text) for sort, texts in OTHER.items() for text in texts])
def test_figures_of_other_kinds_stay(sort: str, text: str) -> None:
    finders = [FINDERS["iban"], FINDERS["card"], FINDERS["phone"]]
    for around in ("{}", "It says {} here.", "see ({}), and on", "a\n{}\nb"):
        raw = to_bytes(around.format(text))
        assert found_in(raw, finders) == [], (sort, around)


def test_a_phone_number_of_five_pairs_is_no_address_and_addresses_are_found() -> None:
    said = b"06.12.34.56.78 and 02.123.45.67, 10.6.12.34 and 010.006.012.034"
    assert blotted(said, ALL) == b"[PHONE] and [PHONE], [IP] and [IP]"


PERSONAL = [rule_of("personal", PersonalData(kind="personal_data"), sides=["out"])]
SOME = st.sampled_from([number for _, _, number in NUMBERS] + [text for texts in OTHER.values() for text in texts])


@settings(max_examples=150, deadline=None)
@given(st.lists(SOME, min_size=1, max_size=4), st.sampled_from(WAYS), st.lists(st.integers(1, 9), min_size=1, max_size=12))
def test_a_stream_masks_what_the_whole_text_would(numbers: list[str], way: dict[str, str], sizes: list[int]) -> None:
    said = "Here: " + ", then ".join(_typed(one, **way) for one in numbers) + ", and no more of them today."
    outgoing, at, told = Outgoing(PERSONAL, Masks()), 0, []
    for n in range(len(said)):
        told.append(outgoing.feed(said[at : at + sizes[n % len(sizes)]]))
        at += sizes[n % len(sizes)]
    told.append(outgoing.end())
    assert "".join(map(str, told)) == blotted(to_bytes(said), PERSONAL[0].finders).decode()


@given(st.text(alphabet=st.sampled_from([*"1a +", *BLANKS[:3], *HYPHENS[:2], *UNSEEN[:2], "９", "é", "𝟏", "٣"]), max_size=40))
def test_places_in_the_plain_text_are_those_of_the_same_characters(text: str) -> None:
    raw = to_bytes(text)
    read, places = plain(raw), Places(raw)
    assert places[len(read)] == len(raw) and plain(read) == read
    for at in (at for at, one in enumerate(read) if one < 0x80):
        assert plain(raw[places[at] : places[at + 1]]) == read[at : at + 1]


HOSTILE = [
    "06 ", "06.", "0", "06-12-34-56-7 ", "612 345 67 ", "612 345 678 9 ", "9876543210 ", "０６\u00a0", "\u00ad", "6\u200b", "DE89-",
    "DE89.37-", "4111.1111.", "4.", "+3 ", "(0", "0475/12.", "1-", "01 123 4", "order 612 345 678 ", "612 345 678 € ", "\u20106",
    "06-12345678",
    "98765 ",
]  # fmt: skip


@pytest.mark.parametrize("part", HOSTILE, ids=ascii)
def test_time_grows_with_the_text_and_not_faster(part: str) -> None:
    def seconds(size: int) -> float:
        raw, least = to_bytes(part * (size // len(part))), 60.0
        for _ in range(3):
            began_at = time.process_time()
            for finder in (FINDERS["iban"], FINDERS["card"], FINDERS["phone"]):
                list(finder.find(raw))
            least = min(least, time.process_time() - began_at)
        return least

    assert seconds(100_000) < 20 * seconds(20_000) + 0.05 and seconds(100_000) < 2
