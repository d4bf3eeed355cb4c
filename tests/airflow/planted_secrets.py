"""Secrets that tests plant, and the search for them in all that was left behind."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

#: What each secret is of; letters and digits, so that no encoding of a text changes them.
PLANTED = {
    name: f"PLANTED{number}xq7Zt{name.replace('_', '')}9"
    for number, name in enumerate(
        ["key_secret", "security_token", "wrong_secret", "mount_secret", "mount_token", "variable", "user_data"]
        + ["image_password", "image_auth", "role_token", "custom_variable", "container_variable", "mount_option"]
        + ["data_option", "in_command", "in_url"]
    )
}


def find_secrets(places: Iterable[Path | str], secrets: Collection[str] = tuple(PLANTED.values())) -> list[str]:
    """Return where secrets stand, as they are or in base64: in files, at or below a path, or in a text."""
    wanted = {secret: _forms(secret) for secret in secrets}
    found = []
    for place in places:
        for name, content in _contents(place):
            found += [f"{secret} in {name}" for secret, forms in wanted.items() if any(f in content for f in forms)]
    return found


def _forms(secret: str) -> list[bytes]:
    """A secret, and the three ways in which base64 writes it within something longer."""
    plain = secret.encode()
    shifted = [base64.b64encode(b"\0" * shift + plain) for shift in range(3)]
    # What the neighbours are mixed into is left out at both ends.
    return [plain, *(form[4:-4] for form in shifted)]


def _contents(place: Path | str) -> Iterator[tuple[str, bytes]]:
    if isinstance(place, str):
        yield f"a text of {len(place)} characters", place.encode(errors="replace")
        return
    for path in [place] if place.is_file() else place.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield str(path), path.read_bytes()
