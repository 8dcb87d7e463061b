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
