"""What the words before a number say that it is: "order", "invoice no." are no phone number, "phone" and "call" are one. Pure."""

import re
from typing import Final

OTHER: Final = frozenset(
    {
        # English
        "order", "orders", "invoice", "inv", "ticket", "tickets", "case", "ref", "reference", "refs", "item", "part", "article",
        "sku", "isbn", "issn", "ean", "upc", "gtin", "asin", "serial", "batch", "lot", "tracking", "parcel", "shipment",
        "consignment", "booking", "reservation", "confirmation", "transaction", "payment", "receipt", "contract", "policy",
        "claim", "claims", "member", "membership", "customer", "client", "account", "acct", "iban", "bic", "vat", "tax", "licence",
        "license", "passport", "registration", "version", "release", "build", "firmware", "revision", "rev", "lat", "latitude",
        "lon", "lng", "longitude", "gps", "coordinates", "timestamp", "epoch", "quote", "quotation", "voucher", "coupon", "bug",
        "issue", "request", "incident", "barcode", "checksum", "hash", "patent", "uid", "pid", "guid", "po", "rma", "doi",
        # German
        "bestellung", "rechnung", "auftrag", "vorgang", "kunde", "vertrag", "konto", "sendung", "paket", "buchung", "artikel",
        "aktenzeichen", "az", "beleg", "lieferschein", "angebot", "gutschrift", "mandat", "bestell", "koordinaten", "steuer",
        "ust",
        # French
        "commande", "facture", "dossier", "référence", "réf", "colis", "contrat", "devis", "réservation", "siret", "siren", "tva",
        # Spanish, Portuguese, Italian, Dutch, Polish, Swedish
        "pedido", "factura", "fatura", "referencia", "referência", "reserva", "contrato", "expediente", "encomenda", "ordine",
        "fattura", "riferimento", "contratto", "pratica", "ordinazione", "bestelling", "factuur", "zaak", "klant", "zamówienie",
        "zamówienia", "faktura", "faktury", "umowa", "ordrenummer", "beställning",
    }
)  # fmt: skip
"""Names of numbers that are none of a phone."""

PHONE: Final = (
    "phone", "phones", "telephone", "mobile", "cell", "fax", "tel", "call", "caller", "calls", "dial", "ring", "sms", "text", "whatsapp",
    "signal", "viber", "contact", "reach", "handy", "telefon", "telefax", "mobil", "ruf", "rückruf", "hotline", "anruf", "fon",
    "téléphone", "portable", "appel", "teléfono", "telefono", "telefone", "móvil", "celular", "cellulare", "celulare", "telefoon",
    "mobiel", "komórka", "gsm",
)  # fmt: skip
"""Beginnings of words that say that it is one."""

NUMBER: Final = frozenset(
    {"number", "numbers", "num", "nummer", "numéro", "numero", "número", "numer", "code", "is", "ist", "est", "es", "was", "lautet", "the"}
)
"""Words that say nothing by themselves: the one before them does."""

NO: Final = frozenset({"no", "nr", "n", "nº", "№", "nos"})
"""The same, shortened. Where nothing stands before them in the line, they count things."""

ID: Final = frozenset({"id", "ids"})
"""Whatever it is the id of is no phone, unless it is called one: `caller id`."""

OWN: Final = frozenset({"my", "your", "our", "his", "her", "their", "this"})
"""Whose number it is: a person's, so `my # is …` counts nothing."""

SHORTENED: Final = NO | {"ref", "réf", "inv", "art", "acct", "az", "num", "rev", "id", "tel", "ord"}
"""Words that a full stop shortens; behind another it ends a sentence, and what follows is something else."""

OF_NUMBERS: Final = ("nummer", "nr", "number", "numret", "zeichen")
"""How compounds end that name numbers: `Bestellnummer`, `Kundennr`."""

BETWEEN: Final = re.compile(
    r"(?P<word>[^\W\d]+(?:-[^\W\d]+)*|[#№])(?P<between>[°º]?(?:\.|\.?[\"']?[ \t]?[:=][ \t]?[\"']?|)[ \t]{0,2}[#№]?[ \t]?)$"
)
CAMEL: Final = re.compile(r"(?<=[a-zß-ÿ])(?=[A-Z])|[_\-]")
WORDS_MOST: Final = 4

_PARTS: Final = bytes.maketrans(b"\r,;|(){}[]<>!?/", b"\n" * 15)
"""What ends all that a number could be called."""


def is_called(before: bytes) -> bool:
    """Whether what stands right before a number, in its line, names it as something else than a phone. `before`: the last bytes before it,
    which may begin amid a character."""
    text = before.translate(_PARTS).rsplit(b"\n", 1)[-1].decode("utf-8", "ignore")
    is_counted = is_id = False
    for _ in range(WORDS_MOST):
        match = BETWEEN.search(text)
        if match is None:
            return is_counted or is_id
        word, between = match["word"], match["between"]
        is_counted = is_counted or "#" in word + between or "№" in word + between
        parts = [one for one in CAMEL.split(word) if one]
        if between.startswith(".") and parts and not parts[-1].lower().endswith(tuple(SHORTENED)):
            return is_counted or is_id
        for part in reversed(parts):
            said = _said(part.lower())
            if said is not None:
                return said and not _in_case(text[: match.start()], part)
            name = part.lower()
            is_counted, is_id = is_counted or name in NO, is_id or name in ID
            if name not in NUMBER | NO | ID and part not in "#№":
                return is_id or (is_counted and ("#" in between or "№" in between) and name not in OWN)
        text = text[: match.start()]
    return False


def _said(word: str) -> bool | None:
    """True: something else; False: a phone; None: nothing."""
    if word.startswith(PHONE) and word not in OTHER:
        return False
    if word in OTHER:
        return True
    stem = next((word.removesuffix(end) for end in OF_NUMBERS if word.endswith(end)), "")
    return True if stem else None


def _in_case(before: str, word: str) -> bool:
    """`in case`, `in order` name nothing."""
    return word.lower() in ("case", "order") and before.rstrip().lower().endswith(("in", "just in"))
