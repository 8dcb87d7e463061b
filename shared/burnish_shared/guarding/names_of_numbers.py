"""The words that `called` knows: names of things that are numbered, and words that speak of a phone. All in small letters."""

from typing import Final

NAMES: Final = frozenset(
    {
        # English
        "order", "invoice", "inv", "ticket", "ref", "reference", "item", "article", "sku", "isbn", "issn", "ean", "upc", "gtin", "asin",
        "serial", "batch", "iban", "bic", "vat", "version", "build", "firmware", "revision", "lat", "latitude", "lon", "lng", "longitude",
        "gps", "coordinates", "timestamp", "epoch", "barcode", "checksum", "hash", "patent", "uid", "pid", "guid", "rma", "doi",
        # German
        "bestellung", "rechnung", "auftrag", "artikel", "az", "beleg", "lieferschein", "gutschrift", "bestell", "koordinaten", "ust",
        # French
        "commande", "facture", "référence", "réf", "siret", "siren", "tva",
        # Spanish, Portuguese, Italian, Dutch, Polish, Swedish
        "pedido", "factura", "fatura", "referencia", "referência", "encomenda", "ordine", "fattura", "riferimento", "ordinazione",
        "bestelling", "factuur", "zamówienie", "zamówienia", "faktura", "faktury", "beställning",
    }
)  # fmt: skip
"""Names of numbers that are none of a phone. Nobody is called so, and no desk."""

AFFAIRS: Final = frozenset(
    {
        # English
        "orders", "invoices", "tickets", "refs", "case", "part", "lot", "tracking", "parcel", "shipment", "consignment", "booking",
        "reservation", "confirmation", "transaction", "payment", "receipt", "contract", "policy", "claim", "claims", "member",
        "membership", "customer", "client", "account", "acct", "tax", "licence", "license", "passport", "registration", "release", "rev",
        "quote", "quotation", "voucher", "coupon", "bug", "issue", "request", "incident", "po", "delivery", "file", "ord",
        # German
        "vorgang", "kunde", "vertrag", "konto", "sendung", "paket", "buchung", "angebot", "mandat", "steuer", "mitglied", "reservierung",
        # French, Spanish, Portuguese, Italian, Dutch, Polish, Swedish
        "dossier", "colis", "contrat", "devis", "réservation", "compte", "cliente", "reserva", "contrato", "expediente", "cuenta", "conta",
        "contratto", "pratica", "conto", "zaak", "klant", "rekening", "polis", "umowa", "umowy", "klient", "klienta", "kund",
    }
)  # fmt: skip
"""Persons and affairs: numbers of theirs are none of a phone, but a number right behind one may be whom to call."""

THINGS: Final = NAMES | AFFAIRS

OF_COMPOUNDS: Final = THINGS | {
    # German
    "akte", "geschäft", "kasse", "kassen", "serie", "teil", "modell", "charge", "referenz", "schaden", "versicherung",
    "sozialversicherung", "police", "matrikel", "studente", "ausweis", "pass", "reisepass", "führerschein", "fahrgestell", "lizenz",
    "transaktion", "zahlung", "kreditkarte", "karte", "depot", "zähler", "register", "handelsregister", "gerät", "produkt", "material",
    "lieferante", "debitor", "debitoren", "kreditor", "kreditoren", "bearbeitung", "projekt", "flug", "tracking", "versand", "fall",
    # Dutch, Swedish, Danish, Norwegian
    "bestel", "order", "klant", "klante", "zaak", "artikel", "lid", "ordre", "faktura", "kund", "kunde", "konto", "ärende",
}  # fmt: skip
"""What `…nummer` and its like may begin with, without what links the two."""

OF_IDS: Final = frozenset(
    {
        "user", "session", "device", "object", "trace", "span", "run", "job", "message", "chat", "thread", "event", "product", "person",
        "employee", "patient", "student", "group", "page", "document", "record", "entity", "external", "parent", "node", "row", "tenant",
        "workspace", "project", "correlation", "process",
    }
)  # fmt: skip
"""What has ids of a program."""

PHONE: Final = (
    "phone", "telef", "teleph", "téléph", "teléf", "telnr", "telno", "mobil", "mobiel", "móvil", "call", "fax", "dial", "contact",
    "kontakt", "reach", "handy", "whatsapp", "viber", "skype", "telegram", "wechat", "ruf", "rückruf", "rückfrag", "anruf", "anzuruf",
    "angeruf", "notruf", "notfall", "hotline", "helpline", "landline", "festnetz", "durchwahl", "erreich", "portable", "appel", "rappel",
    "joign", "joindre", "celul", "cellul", "llam", "llám", "chiam", "bellen", "ringa", "komórk", "zadzwo", "dzwon", "texting", "texted",
    "тел", "звон",
)  # fmt: skip
"""Beginnings of words that speak of a phone."""

PHONE_ENDS: Final = ("phone", "telefon", "telefoon", "téléphone", "hotline", "handy")

PHONE_WORDS: Final = frozenset(
    {
        "tel",
        "cell",
        "ring",
        "rings",
        "ringing",
        "sms",
        "signal",
        "fon",
        "gsm",
        "ph",
        "mob",
        "bel",
        "belt",
        "imessage",
        "facetime",
        "bizum",
        "swish",
    }
)
"""Such words that others begin with too."""
