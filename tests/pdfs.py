"""PDFs for tests, small and whole enough for what counts pages, and for whoever reads one."""

import base64
import zlib


def pdf(pages: int = 1, *, packed: bool = False, padding: int = 0) -> bytes:
    """So many empty pages. `packed`: in a stream of objects, as most files have them today. `padding`: more bytes, which nobody reads."""
    kids = " ".join(f"{3 + at} 0 R" for at in range(pages))
    tree = f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>"
    page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] >>"
    if packed:
        stream = zlib.compress("\n".join([tree, *[page] * pages]).encode())
        body = f"2 0 obj\n<< /Type /ObjStm /N {pages + 1} /First 9 /Filter /FlateDecode /Length {len(stream)} >>\nstream\r\n".encode()
        body += stream + b"\nendstream\nendobj\n"
    else:
        body = "".join(f"{at} 0 obj\n{one}\nendobj\n" for at, one in enumerate([tree, *[page] * pages], start=2)).encode()
    return (
        b"%PDF-1.7\n%"
        + b"x" * padding
        + b"\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
        + body
        + b"trailer\n<< /Root 1 0 R >>\n%%EOF\n"
    )


def data_url(raw: bytes, kind: str = "application/pdf") -> str:
    return f"data:{kind};base64,{base64.b64encode(raw).decode()}"


def written(*pages: bytes, filters: bytes = b"", trailer: bytes = b"") -> bytes:
    """A page for each of these streams of content, with one font (`/F1`), and a table of where its objects stand. `filters`: what the
    streams say of themselves; `trailer`: what the trailer says besides."""
    at = [4 + 2 * number for number in range(len(pages))]
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(b"%d 0 R" % one for one in at), len(pages)),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for page, content in zip(at, pages, strict=True):
        head = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R /Resources << /Font << /F1 3 0 R >> >> >>" % (
            page + 1
        )
        objects += [head, b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), filters, content)]
    made, places = b"%PDF-1.7\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        made
        + b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
        + b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, len(made))
    )


def saying(*lines: str) -> bytes:
    """The content of a page that says these lines."""
    told = b" ".join(b"(%s) Tj 0 -14 Td" % line.encode("latin-1") for line in lines)
    return b"BT /F1 12 Tf 72 700 Td " + told + b" ET"


LOCKED = b"/ID [<00> <00>] /Encrypt << /Filter /Standard /V 1 /R 2 /P -44 /O <%s> /U <%s> >>" % (b"ab" * 32, b"cd" * 32)
"""Of a trailer: nobody's password opens the file."""
