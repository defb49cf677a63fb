"""Planted secrets of every kind, in any surroundings, are masked; what only looks like one stays."""

from __future__ import annotations

import base64
import json
import random
import string
import textwrap
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from banana_assets.core.safety.secrets import KINDS, find, mask, mask_lines

ALNUM = string.ascii_letters + string.digits
BASE64 = ALNUM + "+/"
URLSAFE = ALNUM + "_-"
HEX = "0123456789abcdef"
UPPER32 = string.ascii_uppercase + "234567"


def drawn(alphabet: str, n: int) -> st.SearchStrategy[str]:
    """Text as a machine draws it: digits and letters in it, no two values alike."""
    return st.integers(0, 2**32).map(lambda seed: "a1" + "".join(random.Random(seed).choices(alphabet, k=n - 2)))


def issued(form: str, **parts: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, str]]:
    """A line made of parts, and the part ``v`` that must not be seen in it."""
    return st.fixed_dictionaries(parts).map(lambda p: (form.format(**p), p["v"]))


def token(before: str, alphabet: str, n: int, after: str = "") -> st.SearchStrategy[tuple[str, str]]:
    """A token that is known by how it begins."""
    return drawn(alphabet, n).map(lambda v: (before + v + after, before + v + after))


def key_id(n: int) -> st.SearchStrategy[str]:
    return st.text(UPPER32, min_size=n, max_size=n)


def dotted(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, str]]:
    return st.tuples(*parts).map(lambda p: (".".join(p), ".".join(p)))


value = drawn(ALNUM, 20)
awkward = drawn(ALNUM + "!#*+~^@", 14)

PLANTED: dict[str, st.SearchStrategy[tuple[str, str]]] = {
    "aws id": key_id(16).map(lambda v: ("AKIA" + v, "AKIA" + v)),
    "aws pair": issued("AKIA{i} {v}", i=key_id(16), v=drawn(BASE64, 40)),
    "aws env": issued("AWS_SECRET_ACCESS_KEY={v}", v=drawn(BASE64, 40)),
    "aws session": issued("aws_session_token = {v}", v=drawn(BASE64, 120)),
    "gcp key": token("AIza", URLSAFE, 35),
    "gcp oauth": token("GOCSPX-", URLSAFE, 28),
    "gcp token": token("ya29.", URLSAFE, 60),
    "gcp key id": issued('"private_key_id": "{v}"', v=st.text(HEX, min_size=40, max_size=40)),
    "azure storage": issued("AccountName=x;AccountKey={v}==;EndpointSuffix=core", v=drawn(BASE64, 86)),
    "azure sas": issued("?sv=2022-11-02&sig={v}%3D&se=2030", v=drawn(ALNUM, 43)),
    "azure client": issued("client {v}", v=drawn(ALNUM, 31).map(lambda t: "Xy18Q~" + t)),
    "azure devops": drawn(ALNUM, 76).map(lambda t: (f"{t}AZDO{t[:4]}", f"{t}AZDO{t[:4]}")),
    "github classic": token("ghp_", ALNUM, 36),
    "github app": token("ghs_", ALNUM, 36),
    "github oauth": token("gho_", ALNUM, 36),
    "github fine": token("github_pat_", ALNUM + "_", 82),
    "gitlab": token("glpat-", URLSAFE, 20),
    "gitlab runner": token("glrt-", URLSAFE, 20),
    "slack": token("xoxb-123456789012-123456789012-", ALNUM, 24),
    "slack app": token("xapp-1-A0123456789-", ALNUM, 40),
    "slack hook": issued("hooks.slack.com/services/T0AAAAAAA/{v}", v=drawn(ALNUM, 24)),
    "discord hook": issued("discord.com/api/webhooks/123456789012345678/{v}", v=drawn(URLSAFE, 68)),
    "discord": dotted(drawn(ALNUM, 24).map(lambda t: "M" + t[1:]), drawn(ALNUM, 6), drawn(URLSAFE, 38)),
    "telegram": issued("{v}", v=drawn(URLSAFE, 33).map(lambda t: "123456789:AA" + t)),
    "twilio": st.text(HEX, min_size=32, max_size=32).map(lambda v: ("SK" + v, "SK" + v)),
    "twilio auth": issued(
        "TWILIO_AUTH_TOKEN={v}", v=st.text(HEX, min_size=32, max_size=32).map(lambda t: "a1b2c3" + t[6:])
    ),
    "sendgrid": dotted(st.just("SG"), drawn(URLSAFE, 22), drawn(URLSAFE, 43)),
    "mailgun": st.text(HEX, min_size=32, max_size=32).map(lambda v: ("key-" + v, "key-" + v)),
    "mailchimp": st.text(HEX, min_size=32, max_size=32).map(lambda v: (v + "-us12", v + "-us12")),
    "stripe": token("sk_live_", ALNUM, 24),
    "stripe hook": token("whsec_", ALNUM, 32),
    "npm": token("npm_", ALNUM, 36),
    "npmrc": issued("//registry.example/:_authToken={v}", v=value),
    "pypi": token("pypi-AgEIcHlwaS5vcmc", URLSAFE, 80),
    "rubygems": st.text(HEX, min_size=48, max_size=48).map(lambda v: ("rubygems_" + v, "rubygems_" + v)),
    "nuget": drawn(string.ascii_lowercase + string.digits, 43).map(lambda v: ("oy2" + v, "oy2" + v)),
    "docker": token("dckr_pat_", URLSAFE, 27),
    "docker config": issued('"auth": "{v}"', v=drawn(ALNUM, 30)),
    "openai": token("sk-proj-", URLSAFE, 48),
    "openai old": issued(
        "{v}", v=st.tuples(drawn(ALNUM, 20), drawn(ALNUM, 20)).map(lambda t: f"sk-{t[0]}T3BlbkFJ{t[1]}")
    ),
    "anthropic": token("sk-ant-api03-", URLSAFE, 93),
    "huggingface": token("hf_", string.ascii_letters, 34),
    "digitalocean": st.text(HEX, min_size=64, max_size=64).map(lambda v: ("dop_v1_" + v, "dop_v1_" + v)),
    "databricks": st.text(HEX, min_size=32, max_size=32).map(lambda v: ("dapi" + v, "dapi" + v)),
    "vault": token("hvs.", URLSAFE, 24),
    "terraform": drawn(URLSAFE, 60).map(lambda v: (f"a1b2c3d4e5f6g7.atlasv1.{v}", v)),
    "grafana": token("glc_", ALNUM, 40),
    "sonar": st.text(HEX, min_size=40, max_size=40).map(lambda v: ("sqp_" + v, "sqp_" + v)),
    "newrelic": token("NRAK-", UPPER32, 27),
    "jwt": dotted(
        drawn(URLSAFE, 20).map(lambda v: "eyJ" + v), drawn(URLSAFE, 40).map(lambda v: "eyJ" + v), drawn(URLSAFE, 43)
    ),
    "url": issued("postgres://app:{v}@db.internal:5432/app", v=awkward),
    "url token": issued("https://{v}@git.example/a/b.git", v=drawn(ALNUM, 24)),
    "dsn": issued("Server=db;User Id=sa;Password={v};Encrypt=yes", v=awkward),
    "bearer": issued("Authorization: Bearer {v}", v=value),
    "basic": issued("authorization: Basic {v}", v=value),
    "private token": issued("PRIVATE-TOKEN: {v}", v=value),
    "api key header": issued("X-Api-Key: {v}", v=value),
    "bearer alone": issued("sent bearer {v}", v=value),
    "cookie": issued("Cookie: sid={v}", v=value),
    "set-cookie": issued("set-cookie: session={v}; Path=/; HttpOnly", v=value),
    "env": issued("export DB_PASSWORD={v}", v=awkward),
    "yaml": issued("  password: {v}", v=awkward),
    "yaml block": issued("  api_key: |\n    {v}", v=value),
    "toml": issued('client_secret = "{v}"', v=awkward),
    "json": issued('"dbPassword":"{v}"', v=awkward),
    "k8s": issued('{{"name": "DB_PASSWORD", "value": "{v}"}}', v=awkward),
    "xml": issued("<password>{v}</password>", v=awkward),
    "properties": issued("spring.datasource.password={v}", v=awkward),
    "repr": issued("User(name='x', password='{v}')", v=awkward),
    "php": issued("'secret' => '{v}'", v=value),
    "flag": issued("deploy --password {v} --to x", v=awkward),
    "flag=": issued("deploy --api-key={v} --to x", v=value),
    "token flag": issued("deploy --token {v}", v=value),
    "url parameter": issued("GET /x?access_token={v}&page=2", v=value),
    "netrc": issued("machine git.example login bot password {v}", v=awkward),
    "netrc lines": issued("machine git.example\nlogin bot\npassword {v}", v=awkward),
    "curl": issued("curl -u bot:{v} ftp.example", v=value),
    "sshpass": issued("sshpass -p {v} ssh host", v=value),
    "docker login": issued("docker login -u bot -p {v} registry.example", v=value),
    "mysql": issued("mysql -u root -p{v} shop", v=value),
    "add-mask": issued("::add-mask::{v}", v=value),
    "entropy": issued("SIGNING_KEY={v}", v=drawn(ALNUM, 32)),
    "webhook secret": issued("webhook_secret: {v}", v=value),
}

LOG = st.sampled_from(
    [
        "",
        "2026-01-02T03:04:05.678Z INFO step 3 of 9",
        "Downloading https://files.example/pkg-1.2.3.tar.gz (12 kB)",
        "FAILED tests/test_login.py::test_password[ok] - AssertionError: token expected",
        "commit 92273e6aa0292273e6aa0292273e6aa0292273e6",
        "\x1b[31mE   assert 1 == 2\x1b[0m",
    ]
)


def split_by_colours(text: str) -> str:
    return "\x1b[0m\x1b[1;32m".join(text[i : i + 5] for i in range(0, len(text), 5))


def split_by_returns(text: str) -> str:
    return "\r".join(text[i : i + 7] for i in range(0, len(text), 7))


def split_by_nothing_seen(text: str) -> str:
    return "\u200b".join(text[i : i + 4] for i in range(0, len(text), 4))


WRAPPED: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in JSON": lambda t: json.dumps({"message": f"x {t}"}),
    "in JSON twice": lambda t: json.dumps(json.dumps({"message": f"x {t}"})),
    "after a timestamp": lambda t: "\n".join(f"2026-01-02T03:04:05.678Z {line}" for line in t.split("\n")),
    "coloured": lambda t: f"\x1b[36m{t}\x1b[0m",
    "coloured within": split_by_colours,
    "carriage returns within": split_by_returns,
    "invisible characters within": split_by_nothing_seen,
    "percent-encoded": lambda t: urllib.parse.quote(t, safe=""),
    "percent-encoded twice": lambda t: urllib.parse.quote(urllib.parse.quote(t, safe=""), safe=""),
    "every character percent-encoded": lambda t: "".join(f"%{b:02X}" for b in t.encode()),
    "as \\u escapes": lambda t: "".join(f"\\u{ord(c):04x}" for c in t),
    "as HTML": lambda t: "".join(f"&#{ord(c)};" for c in t),
    "in base64": lambda t: base64.b64encode(f"a line before it: {t} and one after".encode()).decode(),
    "in base64 over lines": lambda t: "\n".join(
        textwrap.wrap(base64.b64encode(f"first this, then {t}\n".encode()).decode(), 76)
    ),
    "in base64 twice": lambda t: base64.b64encode(base64.b64encode(f"see: {t}\n".encode())).decode(),
}


def seen(secret: str, text: str) -> bool:
    """Whether the secret, or all of it but its ends, can be read in the text however it is undone."""
    from banana_assets.core.safety import views

    core = secret[1:-1] if len(secret) > 12 else secret
    return any(core in reading or secret in reading for reading in views.readings(text))


@pytest.mark.parametrize("kind", PLANTED)
def test_no_planted_secret_is_left_however_it_is_wrapped(kind: str) -> None:
    @settings(max_examples=2, deadline=None, database=None, derandomize=True)
    @given(PLANTED[kind], LOG, LOG)
    def masked_everywhere(planted: tuple[str, str], before: str, after: str) -> None:
        line, secret = planted
        assert secret in line
        for how, wrap in WRAPPED.items():
            text = f"{before}\n{wrap(line)}\n{after}"
            masked = mask(text).text
            assert not seen(secret, masked), (how, text, masked)
            assert mask(masked).text == masked
            assert masked.count("\n") == text.count("\n")

    masked_everywhere()


def pem(seed: int, label: str) -> tuple[str, list[str]]:
    r = random.Random(seed)
    body = ["".join(r.choices(BASE64, k=64)) for _ in range(r.randint(3, 20))] + [
        "".join(r.choices(BASE64, k=30)) + "=="
    ]
    return "\n".join([f"-----BEGIN {label}-----", *body, f"-----END {label}-----"]), body


@pytest.mark.parametrize("how", [how for how in WRAPPED if "twice" not in how])
@pytest.mark.parametrize("label", ["RSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "PRIVATE KEY", "PGP PRIVATE KEY BLOCK"])
def test_no_line_of_a_private_key_is_left(label: str, how: str) -> None:
    text, body = pem(7, label)
    masked = mask(f"before\n{WRAPPED[how](text)}\nafter").text
    assert not any(seen(line, masked) for line in body)
    assert masked.startswith("before\n")
    assert masked.endswith("\nafter")


def test_a_key_that_was_cut_off_is_masked_as_far_as_it_goes() -> None:
    text, body = pem(3, "EC PRIVATE KEY")
    masked = mask("\n".join([*text.split("\n")[:-2], "and then the log went on"]))
    assert not any(seen(line, masked.text) for line in body)
    assert masked.text.endswith("\nand then the log went on")
    assert masked.counts == {"private_key": 1}


def test_names_and_line_breaks_stay_and_values_go() -> None:
    text, _ = pem(5, "RSA PRIVATE KEY")
    lines = ["start", *text.split("\n"), "DB_PASSWORD=hunter2 user=bob", "end"]
    masked = mask_lines(lines)
    assert len(masked.lines) == len(lines)
    assert masked.lines[1] == "-----BEGIN RSA PRIVATE KEY-----"
    assert set(masked.lines[2 : len(text.split("\n"))]) == {"[masked private_key]"}
    assert masked.lines[-2:] == ("DB_PASSWORD=[masked password] user=bob", "end")
    assert masked.counts == {"private_key": 1, "password": 1}


def test_what_is_found_is_the_value_alone() -> None:
    text = 'url = "postgres://bob:s3cr3t@db/x"'
    (secret,) = find(text)
    assert (secret.kind, text[secret.start : secret.end]) == ("url_password", "s3cr3t")
    assert secret.kind in KINDS


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("ENV DB_PASSWORD hunter2-x", "ENV DB_PASSWORD [masked password]"),
        ("Step 3/5 : ENV API_KEY 'a8Kq2ZtW9mB4nR6v'", "Step 3/5 : ENV API_KEY '[masked api_key]'"),
        ("ENV TOKEN ${TOKEN}", "ENV TOKEN ${TOKEN}"),
        ("ENV TERM xterm", "ENV TERM xterm"),
    ],
)
def test_a_dockerfile_sets_variables_without_a_sign(line: str, masked: str) -> None:
    assert mask(f"FROM x\n{line}\n").text == f"FROM x\n{masked}\n"


@pytest.mark.parametrize(
    "line",
    [
        "commit 92273e6aa0292273e6aa0292273e6aa0292273e6",
        "integrity sha512-9cUuL0nP8sW3jYxV1d6S0oX2bqkq0yQ4F6mM5w7Z8R1t2uVbNcXzAsDfGhJkLpOiUyTrEwQ0oP9iK8jH7gF6dA==",
        "checksum = 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c0f0aaa0a08",
        "Cache restored from key: linux-node-9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c0f0aaa0a08",
        "request_id=3f2b8c1e-6a4d-4e0f-9b7a-1c2d3e4f5a6b",
        "password: ****",
        "password=***",
        "Password: ",
        "password: required",
        "password=${DB_PASSWORD}",
        "password: ${{ secrets.DB_PASSWORD }}",
        "  github-token: ***",
        "SONAR_TOKEN=[secure]",
        "server-password: GITHUB_TOKEN",
        "token expected, got '}'",
        "SyntaxError: Unexpected token: punc (})",
        "unexpected token: '<' at line 3",
        "error: invalid password: too short for this user",
        "max_tokens=4096 token_count: 17 tokens: 200",
        "secretName: database-credentials",
        "password_file=/run/secrets/db",
        "password = os.environ['DB_PASSWORD']",
        "password=self.password, token=None",
        "    token = get_token(user)",
        "const apiKey = process.env.API_KEY;",
        "tests/unit/test_auth.py::test_keyring_set_password[200-creds1-True] PASSED",
        "GSSAuthTest::test_1_gss_auth PASSED",
        "System.Web, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089",
        "author: Jane Doe <jane@example.org>",
        "Authorization: Basic ***",
        "git config --local http.https://git.example/.extraheader 'AUTHORIZATION: basic ***'",
        "docker create --network-alias mysql -p 3306:3306 mysql:8",
        "docker run -u 1000:1000 image",
        "ssh://git@github.com/owner/repo.git",
        "http://localhost:8080/path?page=2#token",
        "https://user@example.org/",
        "keyboard: us, monkey=banana, donkey: 12345678",
        "primary key: 8273648172634",
        "PHPSESSID => PHPSESSID",
        "Oracle has commented on the MySQL component of third-party claims",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO",
        "SGVsbG8gd29ybGQsIHRoaXMgaXMgYSB0ZXN0IG9mIGJhc2U2NCBkYXRhIHdpdGhvdXQgYW55IHNlY3JldA==",
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7y2 user@host",
        "-----BEGIN CERTIFICATE-----",
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\n-----END PUBLIC KEY-----",
        "Bearer token is missing",
        "no cookie: set one",
        "keyring==25.6.0 secretstorage==3.3.3 pyjwt[crypto]==2.9.0 tokenizers==0.20.0",
        "token.rs:12: error: expected one of `;`",
        "4111 1111 1111 1111 and jane@example.org and 192.0.2.1",
    ],
)
def test_what_only_looks_like_a_secret_stays(line: str) -> None:
    assert mask(line).text == line
    assert mask(line).counts == {}


@given(st.text(max_size=200))
@example("[masked password] password=[masked token]")
@example("password=[masked nothing]")
@example("\ud800 password=hunter2")
@example("%25252570assword=x")
@example("`\x1b[" * 20)
def test_any_text_can_be_masked_and_masking_twice_changes_nothing(text: str) -> None:
    masked = mask(text)
    assert mask(masked.text).text == masked.text
    assert masked.text.count("\n") == text.count("\n")
    assert (masked.text == text) is not bool(masked.counts)


PIECES = st.sampled_from(
    [
        "password",
        "token",
        "=",
        ": ",
        "'",
        '"',
        "\\",
        "%3D",
        "\n",
        "\r",
        " ",
        "[masked token]",
        "hunter2x",
        "AKIAABCDEFGHIJKLMNOP",
        "://a:",
        "@b",
        "Bearer ",
        "-----BEGIN RSA PRIVATE KEY-----",
        "-----END",
        "eyJhbGciOiJI",
        ".",
        "\x1b[0m",
        "&",
        ";",
        "{",
        "}",
    ]
)


@given(st.lists(PIECES, max_size=25).map("".join))
def test_pieces_of_secrets_in_any_order_are_masked_once(text: str) -> None:
    masked = mask(text).text
    assert mask(masked).text == masked


def test_lines_of_a_megabyte_are_masked() -> None:
    text = "x" * 500_000 + " password=hunter2x " + "y=" * 250_000
    assert "hunter2x" not in mask(text).text
