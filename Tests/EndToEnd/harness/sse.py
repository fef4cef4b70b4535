"""Server-sent events as a strict reader sees them."""


def events(pieces):
    """The data of each event. Anything but `data:` lines between blank lines is an error."""
    text = b"".join(pieces).decode()
    assert text.endswith("\n\n"), f"the stream ends within an event: {text[-80:]!r}"
    found = []
    for event in text.removesuffix("\n\n").split("\n\n"):
        lines = event.split("\n")
        assert len(lines) == 1 and lines[0].startswith("data: "), f"not a single data line: {event!r}"
        found.append(lines[0].removeprefix("data: "))
    return found
