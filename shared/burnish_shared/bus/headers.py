"""NATS message headers as the JetStream API returns them: `NATS/1.0`, then `Name: value` lines."""


def parse_headers(raw: bytes) -> dict[str, str]:
    """Names and values; empty for anything that is not a header block. Of repeated names the last one counts."""
    lines = raw.decode("utf-8", "replace").split("\r\n")
    if not lines[0].startswith("NATS/1.0"):
        return {}
    pairs = (line.partition(":") for line in lines[1:] if ":" in line)
    return {name: value.strip() for name, _, value in pairs}
