"""What a call costs. Models on own machines cost nothing; others what the price list of genai-prices says."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

OPENAI_URL = "https://api.openai.com/v1"
TEMPLATE_TOKENS = 32
"""Marks of turns that a chat template adds."""

_OWN_SUFFIXES = (".local", ".localhost", ".internal", ".lan", ".home.arpa")


@dataclass(frozen=True)
class Price:
    """US dollars for a million tokens, in and out."""

    input: float
    output: float

    def of(self, input_tokens: int, output_tokens: int) -> float:
        """The dollars of so many tokens."""
        return (self.input * input_tokens + self.output * output_tokens) / 1e6

    @property
    def free(self) -> bool:
        """Whether nothing is paid by the token."""
        return self.input == 0 and self.output == 0


FREE = Price(0.0, 0.0)


def own_machine(url: str) -> bool:
    """Whether the address is of this machine or a private network: loopback, private ranges, names without a dot."""
    host = (urlsplit(url if "//" in url else f"//{url}").hostname or "").rstrip(".").lower()
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return (bool(host) and "." not in host) or host.endswith(_OWN_SUFFIXES)
    return address.is_loopback or address.is_private or address.is_link_local


def listed(model: str, url: str) -> Price | None:
    """The price of a model at that address; None where the list, which is part of the installation, has none."""
    if own_machine(url):
        return FREE
    from genai_prices import Usage, calc_price

    million = 1_000_000
    try:
        # Prices with tiers fall or rise with the length of a prompt: the dearer of a short and a long one is taken.
        found = [
            calc_price(Usage(input_tokens=n, output_tokens=1000), model_ref=model, provider_api_url=url)
            for n in (1000, million)
        ]
    except LookupError:
        return None
    return Price(
        max(float(p.input_price) / n * million for p, n in zip(found, (1000, million), strict=True)),
        max(float(p.output_price) for p in found) * 1000,
    )


def tokens_at_most(text: str) -> int:
    """Tokens that a text may take, to reserve for it before anybody has counted: its bytes.

    A byte-pair tokenizer never makes more. Build logs come near: where digits are tokens of their own, 1.3 bytes make
    one (docs/models.md), so that the usual four characters would reserve a third.
    """
    return len(text.encode("utf-8", "replace")) + TEMPLATE_TOKENS
