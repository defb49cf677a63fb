"""What a file's path alone says: whether it may be opened, whether it is a test, whether it was written by hand."""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

import re

from banana_assets.core.text import Late

NEVER_LISTED = frozenset({".git", ".hg", ".svn", ".jj"})
"""Folders of version control itself."""

USUALLY_IGNORED = frozenset(
    {
        *NEVER_LISTED, ".venv", "venv", "node_modules", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache",
        ".hypothesis", ".tox", ".nox", ".eggs", ".gradle", ".idea", ".next", ".nuxt", ".parcel-cache", ".svelte-kit",
        ".terraform", ".turbo", ".cache", ".yarn", ".bundle", "bower_components", "dist", "build", "target", "out",
        "coverage", "htmlcov", "DerivedData", ".dart_tool", "elm-stuff", "_build", "Pods", ".vs",
    }
)  # fmt: skip
"""Folders left out where no git says what is ignored."""

_EXAMPLE = Late(r"(?i)[._-](?:example|sample|template|dist|tpl|tmpl|defaults?|schema)(?:$|[._-])")
_SECRET_NAMES = Late(
    r"""(?xi)^(?:
      \.?env | \.env\.[\w.-]+ | [\w.-]+\.env | \.envrc
      | id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?(?:[._-][\w.-]+)? | identity | ssh_host_[\w]+_key
      | \.?(?:netrc|_netrc|pgpass|my\.cnf|htpasswd|htdigest|npmrc|yarnrc|pypirc|dockercfg|s3cfg|boto|vault[-_]?pass(?:word)?)
      | _netrc | \.git-credentials | \.?terraformrc | terraform\.rc | \.?vault-token | \.?dockerconfigjson | kubeconfig
      | (?:aws|gcloud|google|azure|db|database|firebase|service[-_]?account|client|app|application)?[-_.]?(?:credentials?|secrets?)(?:[-_.][\w-]+)?(?:\.(?:json|ya?ml|toml|ini|cfg|conf|properties|txt|xml|enc|csv|env))?
      | (?:service[-_]?account|gcp[-_]?key|firebase[-_]?adminsdk|client[-_]?secret)[\w.-]*\.json
      | (?:passwords?|passwd|tokens?|api[-_]?keys?|private[-_]?keys?|secret[-_]?keys?)(?:\.(?:json|ya?ml|toml|ini|cfg|conf|properties|txt|xml|csv))?
      | master\.key | production\.key | shadow | wallet\.dat | \.?bash_history | \.?zsh_history | \.?(?:python|psql|mysql|sqlite|irb|node_repl)_history
      | [\w.-]+\.(?:pem|key|p12|pfx|pkcs12|p8|jks|keystore|bcfks|ppk|asc|gpg|pgp|kdbx?|kdb|agekey|age|ovpn|cer|crt|der|csr|tfstate|tfvars|mobileprovision|keytab|rdp|pcap)
      | [\w.-]+\.tfstate\.backup | [\w.-]+\.auto\.tfvars(?:\.json)? | [\w.-]+\.tfvars\.json
    )$"""
)
_SECRET_FOLDERS = frozenset({".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", "secrets", ".secrets", ".vault"})
_SOURCE = Late(
    r"(?i)\.(?:py|pyi|js|mjs|cjs|jsx|ts|tsx|go|rs|java|kt|rb|php|cs|c|h|cc|cpp|hpp|sh|ex|exs|scala|swift|md|rst)$"
)


def holds_secrets(path: str) -> bool:
    """Whether a file is named as those are that hold secrets: its content is then never opened.

    Public certificates are among them, since nothing in a name tells them from keys. Source files are opened whatever
    they are called, and so are examples (``.env.example``); their texts are masked like any other.
    """
    *folders, name = path.split("/")
    if _SOURCE.search(name):
        return False
    if any(folder.lower() in _SECRET_FOLDERS for folder in folders):
        return True
    if _EXAMPLE.search(name) and not re.search(r"(?i)\.(?:pem|key|p12|pfx|jks|keystore|ppk|kdbx)$", name):
        return False
    return _SECRET_NAMES.match(name) is not None


_TEST_NAMES = Late(
    r"""(?x)^(?:
      test_.*\.pyi? | .*_tests?\.py | tests?\.py
      | .*[._-](?:test|tests|spec|e2e|cy)\.(?:[cm]?[jt]sx?|vue|svelte)
      | .*_test\.(?:go|rb|exs|dart|cc|cpp|cxx|c|rs|lua|clj|ml|jl|php|sh|ts|js) | .*_(?:spec|tests)\.(?:rb|lua|rs|cc|cpp)
      | .*_unittests?\.(?:cc|cpp|cxx|py) | test_.*\.(?:rb|c|cc|cpp|jl|sh|php|js|lua) | tests?\.(?:rs|js|ts|rb|c|cpp|jl)
      | .*(?:Tests?|TestCase|IT|Spec|Specs|Fixture)\.(?:java|kt|kts|scala|groovy|cs|fs|vb|swift|php|m|mm|cpp)
      | Test[A-Z].*\.(?:java|kt|scala) | .*\.(?:bats|feature|robot|t) | .*\.test
    )$"""
)
_LIKE_A_TEST = Late(r"[tT]est|[sS]pec|e2e|\.cy\.|IT\.|Fixture|\.(?:bats|feature|robot|t)$")
_TEST_FOLDERS = frozenset({"test", "tests", "spec", "specs", "__tests__", "e2e", "cypress", "androidTest"})
_CODE = Late(
    r"\.(?:py|[cm]?[jt]sx?|go|rs|java|kt|kts|scala|groovy|rb|php|cs|fs|c|cc|cpp|cxx|h|hpp|swift|m|mm|dart|exs?|lua|clj|jl|sh|hs|ml)$"
)


def is_test(path: str) -> bool:
    """Whether a file is a test, by the conventions of test runners: its name, or code below a folder of tests."""
    *folders, name = path.split("/")
    if _names_a_test(name):
        return True
    return not _TEST_FOLDERS.isdisjoint(folders) and _CODE.search(name) is not None


def _names_a_test(name: str) -> bool:
    return _LIKE_A_TEST.search(name) is not None and _TEST_NAMES.match(name) is not None


def is_test_case(path: str) -> bool:
    """Whether a file holds tests itself, and is no helper beside them."""
    return _names_a_test(path.rpartition("/")[2]) or (is_test(path) and path.endswith((".rs", ".t")))


_WRITTEN_BY_TOOLS = Late(
    r"(?i)(?:^|/)(?:vendor|third[_-]?party|node_modules|external|generated|__generated__|gen|migrations/versions)/"
    r"|\.min\.(?:js|css)$|[._](?:pb|generated|g|gen|designer)\.\w+$|_pb2(?:_grpc)?\.pyi?$|\.bundle\.js$"
)


def is_generated(path: str) -> bool:
    """Whether a file looks vendored or written by a tool."""
    return _WRITTEN_BY_TOOLS.search(path) is not None


def shown(path: str) -> str:
    """The path as text that can be written as UTF-8: bytes that are none become U+FFFD."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
