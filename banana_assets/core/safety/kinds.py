"""The kinds of secret that are known by their own form: prefixes that issuers chose so that scanners find them.

Each rule has a ``gate``, a cheap expression without which it cannot match (all gates are looked for at once, see
``secrets``), and a ``pattern`` whose group ``v`` is the value. Forms are those that the issuers document for secret scanning.
"""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of secret: how it is gated, and where its value stands (group ``v``)."""

    kind: str
    gate: str
    pattern: str


_B = r"(?:^|[^A-Za-z0-9_])"
"""RE2 knows no look-behind: what stands before a token is part of the match and not of the value."""

RULES = (
    Rule(
        "aws_access_key_id",
        r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]",
        r"(?:^|[^A-Za-z0-9])(?P<v>(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})\b",
    ),
    # The secret stands close behind its id: the same line, or the next, or the next field.
    Rule(
        "aws_secret_key",
        r"(?:AKIA|ASIA)[A-Z2-7]",
        r"(?:AKIA|ASIA)[A-Z2-7]{16}(?:[^A-Za-z0-9/+][^+=]{0,60}?)?[^A-Za-z0-9/+](?P<v>[A-Za-z0-9/+]{40})(?:$|[^A-Za-z0-9/+=])",
    ),
    Rule("gcp_api_key", r"AIza", _B + r"(?P<v>AIza[0-9A-Za-z_-]{35})"),
    Rule(
        "gcp_oauth",
        r"GOCSPX-|ya29\.|1//0",
        _B + r"(?P<v>GOCSPX-[0-9A-Za-z_-]{20,}|ya29\.[0-9A-Za-z_.-]{20,}|1//0[0-9A-Za-z_-]{30,})",
    ),
    Rule("gcp_service_account", r"private_key_id", r"private_key_id\\*[\"']?\s*[:=]\s*\\*[\"']?(?P<v>[0-9a-f]{40})"),
    Rule(
        "azure_key",
        r"AccountKey|SharedAccessKey",
        r"(?i)(?:AccountKey|SharedAccessKey)\s*=\s*(?P<v>[A-Za-z0-9+/]{40,}={0,2})",
    ),
    Rule(
        "signed_url",
        r"(?i)[?&](?:sig|[a-z-]*signature)=",
        r"(?i)[?&](?:sig|[a-z-]*signature)=(?P<v>[A-Za-z0-9%+/=_-]{16,})",
    ),
    Rule(
        "azure_client_secret", r"[78]Q~", r"(?:^|[^A-Za-z0-9_~.-])(?P<v>[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31,34})"
    ),
    Rule("azure_devops_token", r"AZDO", _B + r"(?P<v>[A-Za-z0-9]{70,80}AZDO[A-Za-z0-9]{4})"),
    Rule(
        "github_token",
        r"gh[pousr]_|github_pat_",
        _B + r"(?P<v>gh[pousr]_[A-Za-z0-9_.-]{20,400}|github_pat_[A-Za-z0-9_]{22,255})",
    ),
    Rule(
        "gitlab_token",
        r"gl(?:pat|ptt|dt|rt|cbt|ft|imt|agent|soat|ffct|wt)-|GR1348941",
        _B
        + r"(?P<v>(?:gl(?:pat|ptt|dt|rt|cbt|ft|imt|agent|soat|ffct|wt)-[0-9A-Za-z_.-]{20,}|GR1348941[0-9A-Za-z_-]{20,}))",
    ),
    Rule(
        "slack_token",
        r"xox[abceoprs]|xapp-",
        _B + r"(?P<v>xox[abceoprs](?:\.xox[bp])?-[0-9A-Za-z-]{10,}|xapp-[0-9]-[0-9A-Za-z-]{10,})",
    ),
    Rule(
        "slack_webhook",
        r"hooks\.slack\.com",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<v>[A-Za-z0-9+/_-]{20,})",
    ),
    Rule(
        "discord_webhook",
        r"discord(?:app)?\.com/api/",
        r"discord(?:app)?\.com/api/(?:v[0-9]+/)?webhooks/(?P<v>[0-9]{15,}/[0-9A-Za-z_-]{30,})",
    ),
    Rule(
        "discord_token",
        r"[MNO][A-Za-z0-9]{23,25}\.",
        _B + r"(?P<v>[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6,7}\.[A-Za-z0-9_-]{27,45})",
    ),
    Rule(
        "teams_webhook",
        r"webhook\.office\.com|/IncomingWebhook/",
        r"/IncomingWebhook/(?P<v>[0-9a-f]{32}/[0-9a-f-]{36})",
    ),
    Rule("telegram_token", r"[0-9]:AA", r"(?:^|[^0-9A-Za-z]|bot)(?P<v>[0-9]{8,10}:AA[0-9A-Za-z_-]{32,34})"),
    Rule("twilio_key", r"SK[0-9a-f]{30}", _B + r"(?P<v>SK[0-9a-f]{32})\b"),
    Rule("sendgrid_key", r"SG\.", _B + r"(?P<v>SG\.[0-9A-Za-z_-]{16,32}\.[0-9A-Za-z_-]{30,64})"),
    Rule("mailgun_key", r"key-[0-9a-f]{30}", _B + r"(?P<v>key-[0-9a-f]{32})\b"),
    Rule("mailchimp_key", r"-us[0-9]", _B + r"(?P<v>[0-9a-f]{32}-us[0-9]{1,2})\b"),
    Rule(
        "stripe_key",
        r"[sr]k_(?:live|test|org)_|whsec_",
        _B + r"(?P<v>[sr]k_(?:live|test|org)_[0-9A-Za-z_]{16,}|whsec_[0-9A-Za-z+/=]{24,})",
    ),
    Rule("square_token", r"sq0[a-z]{3}-", _B + r"(?P<v>sq0[a-z]{3}-[0-9A-Za-z_-]{22,})"),
    Rule("shopify_token", r"shp(?:at|ca|pa|ss)_", _B + r"(?P<v>shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32})"),
    Rule("npm_token", r"npm_[A-Za-z0-9]{30}", _B + r"(?P<v>npm_[A-Za-z0-9]{36})"),
    Rule("pypi_token", r"pypi-Ag", _B + r"(?P<v>pypi-Ag[A-Za-z0-9_-]{50,})"),
    Rule("rubygems_key", r"rubygems_", _B + r"(?P<v>rubygems_[0-9a-f]{48})"),
    Rule("nuget_key", r"oy2[a-z0-9]{30}", _B + r"(?P<v>oy2[a-z0-9]{43})\b"),
    Rule("docker_token", r"dckr_[a-z]at_", _B + r"(?P<v>dckr_[a-z]at_[A-Za-z0-9_-]{20,})"),
    Rule("artifactory_key", r"AKCp|cmVmdGtuO", _B + r"(?P<v>AKCp[0-9A-Za-z]{60,}|cmVmdGtuO[0-9A-Za-z]{45,})"),
    Rule(
        "openai_key",
        r"sk-",
        r"(?:^|[^A-Za-z0-9_-])(?P<v>sk-(?:proj|svcacct|admin|None|or-v1)-[0-9A-Za-z_-]{20,}|sk-[A-Za-z0-9]{20,}T3BlbkFJ[A-Za-z0-9]{20,}|sk-[A-Za-z0-9]{32,})",
    ),
    Rule("anthropic_key", r"sk-ant-", r"(?:^|[^A-Za-z0-9_-])(?P<v>sk-ant-[0-9A-Za-z_-]{20,})"),
    Rule("huggingface_token", r"hf_|api_org_", _B + r"(?P<v>(?:hf|api_org)_[A-Za-z0-9]{30,})"),
    Rule(
        "model_service_key",
        r"gsk_|xai-|pplx-|r8_|nvapi-|tgp_v1_",
        _B
        + r"(?P<v>gsk_[0-9A-Za-z]{40,}|xai-[0-9A-Za-z_-]{60,}|pplx-[0-9A-Za-z]{40,}|r8_[0-9A-Za-z]{37,}|nvapi-[0-9A-Za-z_-]{60,}|tgp_v1_[0-9A-Za-z_-]{40,})",
    ),
    Rule("digitalocean_token", r"do[opr]_v1_", _B + r"(?P<v>do[opr]_v1_[0-9a-f]{64})"),
    Rule("databricks_token", r"dapi[0-9a-f]", _B + r"(?P<v>dapi[0-9a-f]{32}(?:-[0-9])?)\b"),
    Rule("vault_token", r"hv[sbr]\.", _B + r"(?P<v>hv[sbr]\.[0-9A-Za-z_-]{24,})"),
    Rule("terraform_token", r"\.atlasv1\.", _B + r"(?P<v>[0-9A-Za-z]{14}\.atlasv1\.[0-9A-Za-z_-]{60,})"),
    Rule("grafana_token", r"gl(?:c|sa)_", _B + r"(?P<v>glc_[0-9A-Za-z+/=]{32,}|glsa_[0-9A-Za-z]{32}_[0-9a-fA-F]{8})"),
    Rule("sentry_token", r"sntry[su]_", _B + r"(?P<v>sntry[su]_[0-9A-Za-z_=+/-]{30,})"),
    Rule("newrelic_key", r"NRA[KL]-|NRJS-|NRI[IQ]-", _B + r"(?P<v>NR(?:AK|AL|JS|II|IQ)-[0-9A-Za-z_-]{19,})"),
    Rule("sonar_token", r"sq[apu]_[0-9a-f]", _B + r"(?P<v>sq[apu]_[0-9a-f]{40})"),
    Rule(
        "workspace_token",
        r"lin_api_|ntn_|PMAK-|dp\.[a-z]{2}\.|fm2_|pul-|HRKU-|figd_",
        _B
        + r"(?P<v>lin_api_[0-9A-Za-z]{32,}|ntn_[0-9A-Za-z]{40,}|PMAK-[0-9a-f]{24}-[0-9a-f]{34}|dp\.[a-z]{2}\.[0-9A-Za-z.]{40,}|fm2_[0-9A-Za-z+/=]{60,}|pul-[0-9a-f]{40}|HRKU-[0-9A-Za-z_-]{36,}|figd_[0-9A-Za-z_-]{36,})",
    ),
    Rule("age_key", r"AGE-SECRET-KEY-", r"(?P<v>AGE-SECRET-KEY-1[0-9A-Z]{50,})"),
    Rule(
        "jwt",
        r"eyJ",
        r"(?:^|[^A-Za-z0-9_-])(?P<v>eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?|eyJ[A-Za-z0-9_-]{15,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,})",
    ),
    # Addresses: the password of user:password@host, and a long word alone before the @ of an http address.
    Rule(
        "url_password",
        r"://[^\s/@]*@",
        r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@\"'<>]*:(?P<v>[^\s/@\"'<>]+(?:@[^\s/@\"'<>]+)*)@[A-Za-z0-9\[_.$%{-]",
    ),
    Rule("url_password", r"://[^\s/@]*@", r"(?i)https?://(?P<v>[A-Za-z0-9_.~%-]{20,})@[A-Za-z0-9]"),
    Rule(
        "authorization",
        r"(?i)authorization",
        r"(?i)authorization\\*[\"']?\s*[:=,]\s*\\*[\"']?(?:bearer|basic|token|negotiate|bot|apikey|key|pat)\s+(?P<v>[^\s\"'\\]{4,})",
    ),
    Rule(
        "authorization",
        r"(?i)authorization",
        r"(?i)authorization\\*[\"']?\s*[:=,]\s*\\*[\"']?(?:digest|aws4-hmac-sha256)\s+(?P<v>[^\r\n]{8,})",
    ),
    Rule(
        "authorization",
        r"(?i)authorization",
        r"(?i)authorization\\*[\"']?\s*[:=,]\s*\\*[\"']?(?P<v>[A-Za-z0-9+/=_.~-]{16,})",
    ),
    Rule("bearer_token", r"(?i)bearer", r"(?i)\bbearer[\s:=]+\\*[\"']?(?P<v>[A-Za-z0-9_.~+/-]{16,}=*)"),
    Rule(
        "cookie",
        r"(?i)cookie",
        r"(?i)\b(?:set-)?cookie2?\\*[\"']?\s*[:=]\s*\\*[\"']?(?P<v>[A-Za-z0-9_.!#$%&*+^|~-]+=[^\r\n\"'\\]+)",
    ),
    Rule("masked_by_ci", r"::add-mask::", r"::add-mask::(?P<v>[^\r\n]+)"),
    Rule("netrc_password", r"(?i)login", r"(?i)\blogin[ \t]+\S+\s+password[ \t]+(?P<v>\S+)"),
    # A word with a digit in it, alone behind "password" at the end of a line.
    Rule(
        "netrc_password",
        r"\bpassword[ \t]",
        r"(?:^|\s)password[ \t]+(?P<v>[^\s\"'=:]*[0-9][^\s\"'=:]{3,}|[^\s\"'=:]{4,}[0-9][^\s\"'=:]*)[ \t]*\r?$",
    ),
    Rule(
        "cli_password",
        r"(?i)sshpass|docker\s+login|podman\s+login|helm\s+registry",
        r"(?i)\b(?:sshpass|(?:docker|podman)\s+login|helm\s+registry\s+login)\b[^\r\n|;&]*?\s-p[ \t=]*[\"']?(?P<v>[^\s'\"-][^\s'\"]*)",
    ),
    # The clients of MySQL take it without a space between.
    Rule(
        "cli_password",
        r"mysql|mariadb",
        r"(?:^|[\s;&|/])(?:mysql(?:dump|admin)?|mariadb)(?:\s[^\r\n|;&]*?)?\s-p[\"']?(?P<v>[^\s'\"=-][^\s'\":]*)(?:['\"\s]|$)",
    ),
    Rule(
        "cli_password",
        r"(?i)\bcurl\b|\bwget\b|\bhttpie\b",
        r"(?i)\b(?:curl|wget|httpie)\b[^\r\n]*?\s(?:-u|--user|--proxy-user|-U)[ \t=]*[\"']?[A-Za-z0-9_.@-]+:(?P<v>[^\s'\"]+)",
    ),
)
"""In order: where two overlap, the first names the kind."""
