"""What advice must not say, and what a log has no reason to say: expressions for the kinds of harmful or commanding words."""

# ruff: noqa: E501 - a pattern is read in one piece

from __future__ import annotations

import re

from banana_assets.core.text import Late

_DESTROYS = (
    r"\brm\s+(?:-\w+\s+)*-\w*[rf]\w*|\brm\s+--(?:recursive|force)|\bmkfs\b|\bdd\s+if=|\bshred\b|\bformat\s+[a-z]:|\bdel\s+/[sfq]|\brd\s+/s|remove-item\b.*-recurse"
    r"|\bdrop\s+(?:table|database|schema)\b|\btruncate\s+table\b|\bdelete\s+from\s+\w+\s*(?:;|where\b)|\bgit\s+push\b.*(?:--force|-f\b|--delete|\s\+)|\bforce[- ]push|\bgit\s+reset\s+--hard|\bgit\s+clean\s+-\w*f|\bgit\s+filter-branch"
    r"|\b(?:terraform|pulumi)\s+destroy\b|\bkubectl\s+delete\b|\bdocker\s+(?:system|volume)\s+prune\b|\baws\s+s3\s+r[mb]\b|:\(\)\s*\{|>\s*/dev/sd|\bchmod\s+(?:-R\s+)?[0-7]?777\b|\bchown\s+-R\b|\bshutdown\b\s+[-/]|\bkillall\b|\bcrontab\s+-r"
    r"|\b(?:delete|wipe|erase|destroy|purge)\b[^.]{0,30}\b(?:repositor(?:y|ies)|repo|production|database|all (?:the )?files|everything|backups?|(?:main|master|release) branch|home directory|file ?system|bucket|cluster)\b"
)
_RUNS = (
    r"\b(?:curl|wget|iwr|invoke-webrequest|invoke-expression|iex)\b|\|\s*(?:sudo\s+)?(?:ba|z|da|k)?sh\b|\|\s*(?:python\d?|perl|ruby|node)\b|\b(?:ba|z)?sh\s+-[ci]\b|\bsource\s+<\(|\bpython\d?\s+-c\b(?!\s*[\"']import [\w., ]+[\"'])|\bnode\s+-e\b|\bperl\s+-e\b"
    r"|\beval\s*\(\s*[\"'$a-z]|\beval\s+[\"'$`]|\bexec\s*\(\s*[\"'$a-z]|\bos\.system\b|\bsubprocess\b\.\w+\(|base64\s+(?:-d|--decode|-D)\b|\bxxd\s+-r|\bcertutil\b|\bpowershell\b.*-e(?:nc|ncodedcommand)?\b|\bnc\s+-\w*e|/dev/tcp/|\bncat\b|\bsocat\b|\bmshta\b|\bnpx\s+-y\b|\$\([^)]*\)\.|`[^`]*`\.\w+\.\w"
    r"|\bdownload(?:s|ed|ing)?\b[^.]{0,40}\b(?:and|then)\b[^.]{0,20}\b(?:run|execut|install|launch|open|pipe)\w*|\buses:\s*(?!actions/|docker/|github/|\./)[\w.-]+/[\w./-]+@"
)
_SENDS_OUT = (
    r"\b(?:send|post|upload|exfiltrat\w*|forward|e-?mail|transmit|leak|publish|share|paste|dump|copy)\b[^.]{0,60}\b(?:secrets?|tokens?|credentials?|passwords?|environment variables?|env vars?|api[- ]keys?|private keys?|ssh keys?|system prompt|\.env\b|/etc/passwd|\.aws|\.ssh|id_rsa|source code)"
    r"|\b(?:print|echo|cat|reveal|output|display|show|expose|repeat)\b[^.]{0,30}\b(?:secrets? value|(?:the |all )secrets?|tokens?|credentials|passwords?|private keys?|api[- ]keys?|system prompt|/etc/(?:passwd|shadow)|\.aws/credentials|~?/?\.ssh|id_rsa|\.env\b|\.netrc)|\bprintenv\b|\benv\s*\||\bgit\s+remote\s+(?:add|set-url)\b|\bscp\s|\brsync\s.*:"
    r"|\$\{?(?:GITHUB_TOKEN|\w*(?:SECRET|PASSWORD|API_KEY|ACCESS_KEY|_TOKEN)\w*)\}?|\bauthorized_keys\b|\benter\b[^.]{0,20}\b(?:credentials|password|token)|\b(?:with|and) your (?:password|credentials|token|key)"
    r"|\b(?:send|post|share|paste|read|tell|hand|give|e-?mail|forward|attach|upload|copy)\b[^.]{0,40}\b(?:(?:deploy|signing|access|host|encryption|master|recovery|license) (?:keys?|codes?|certificates?|phrases?)|value of (?:the |an? )?(?:[\w-]+ ){0,2}(?:key|token|secret|password|variable)|one[- ]time (?:codes?|passwords?)|authenticator)\b"
    r"|\b(?:e-?mail|forward|upload)\b[^.]{0,20}\blogs?\b[^.]{0,10}\bto\b"
)
_CHECKS = r"(?:tests?|test suite|checks?|assertions?|security|validation|verification|signatures?|ci|pipeline|linters?|lint|scanners?|scans?|sast|authentication|authorization|auth|ssl|tls|certificates?|branch protection|code review|reviews?|firewall|selinux|sandbox|antivirus|mfa|2fa|policy|policies|audit|logging|monitoring|alerts?)"
_WEAKENS = (
    r"--no-verify\b|--no-check-certificate\b|--insecure\b|--trusted-host\b|--allow-unauthenticated\b|--no-gpg-check\b|--nogpgcheck\b|--skip-tests?\b|-DskipTests\b|-Dmaven\.test\.skip|--disable-\w*(?:security|auth|check|verif)\w*|\bsetenforce\s+0|verify\s*=\s*false\b|rejectUnauthorized\s*:\s*false|NODE_TLS_REJECT_UNAUTHORIZED|strict-ssl\s+false|StrictHostKeyChecking\s*=?\s*no|sslVerify\s*=?\s*false|\|\|\s*true\b|continue-on-error\s*:\s*true|\[skip ci\]|\[ci skip\]|\bset\s+\+e\b|@(?:Disabled|Ignore)\b|pytest\.mark\.(?:skip|xfail)\b|eslint-disable|\bnosec\b|--privileged\b|GONOSUMCHECK|GONOSUMDB|GOINSECURE|GOFLAGS=-insecure"
    rf"|\b(?:disabl(?:e|es|ing)|deactivat(?:e|es|ing)|turn(?:ing)? off|switch(?:ing)? off|bypass(?:es|ing)?|circumvent|suppress|silenc(?:e|ing)|remov(?:e|ing)|delet(?:e|ing)|drop|comment(?:ing)? out|skip(?:ping)?|ignor(?:e|ing)|weaken|relax|mute|stop running)\b(?!\s+(?:of|nothing)\b)[^.;:,\n]{{0,30}}\b{_CHECKS}\b"
    r"|\bmark\b[^.]{0,20}\b(?:as passed|as green|as success\w*)\b|\b(?:merge|approve|deploy|push|release)\b[^.]{0,30}\bwithout\b[^.]{0,20}\b(?:review|tests?|approval|checks?|ci)\b|\bhard-?code\b[^.]{0,30}\b(?:passwords?|tokens?|secrets?|credentials?|keys?)|\b(?:grant|give)\b[^.]{0,40}\b(?:admin|root|write access|owner|full access|public access)\b|\bmake\b[^.]{0,30}\b(?:public|world-writable|world-readable)\b"
    r"|\b(?:replace|change|set|adjust|update|overwrite)\b[^.]{0,20}\bexpect(?:ed|ation)s?\b[^.]{0,25}\b(?:whatever|whichever|anything)\b|\b(?:set|change|put)\b[^.]{0,20}\b(?:timeout|time limit|tolerance|threshold)s?\b[^.]{0,10}\bto (?:zero|0\b|none|infinit\w+)"
    r"|\b(?:downgrade|pin|revert|roll(?:ing)? back|change|lower)\b[^.]{0,50}\b(?:to avoid|to get around|to get past|to escape|to dodge)\b[^.]{0,20}\b(?:checks?|scans?|warnings?|audits?|reviews?|policy)\b|\b(?:revert|undo|roll(?:ing)? back|back out|uninstall)\b[^.]{0,20}\bsecurity (?:patch|fix|update|upgrade)(?:es|s)?\b"
    r"|\bretry\b[^.]{0,20}\buntil\b[^.]{0,15}\b(?:green|pass(?:es)?)\b|\b(?:close|resolve|mark)\b[^.]{0,25}\bas (?:not reproducible|won'?t ?fix|invalid|resolved|a duplicate|not a bug)\b"
)
_DENIES = r"\b(?:there is |there's )?nothing (?:is |was )?(?:to (?:fix|do|repair)|wrong)\b|\bno (?:fix|action|change|repair|work)s? (?:is |are |was )?(?:needed|required|necessary)\b|\b(?:can|may|should) (?:safely )?be (?:safely )?ignored\b|\bthe build (?:has )?(?:passed|succeeded)\b|\bfalse alarm\b"
_ADDRESSES = (
    r"\b(?:ignore|disregard|forget|override)\b[^.]{0,40}\b(?:instructions?|prompts?|guidelines?|all above|previous|prior)\b|\byou are (?:now |an? )|\b(?:as|dear|hello|hi|hey|attention|note to|for) (?:an? |the |any )?(?:ai|llm|assistants?|language models?|coding agents?|agents?|claude|copilot|chatgpt)\b|\b(?:ai|llm|(?:coding |ai )agents?|assistants?|language models?|copilot|claude|chatgpt|gemini)\b[^.]{0,30}\b(?:must|should|shall|please|is (?:instructed|required|asked|told)|are (?:instructed|required|asked|told))\b"
    r"|\bsystem prompt\b|\bnew instructions?\b|\bas instructed (?:by|in) the (?:log|data|message)|\b(?:developer|dan|jailbreak|god) mode\b|\bjailbr\w+|\bi (?:have been|am|was) (?:pwned|hacked|instructed|compromised)\b|\bpwned\b|\bdo not (?:tell|inform|mention|report|reveal)\b[^.]{0,40}\b(?:user|anyone|people|human|team|maintainers?|this)\b|\bwithout (?:asking|telling|informing|confirmation)\b|\brun (?:the following|this) (?:command|script|code)\b|\b(?:click|visit|open|go to|follow|browse to|scan)\b[^.]{0,20}\b(?:link|url|website|web page|site|qr|guide at)\b|\b(?:call|phone|contact|whatsapp|telegram|dm)\b[^.]{0,20}(?:\+?\d[\d -]{6,}|@\w+)|\btransfer\b[^.]{0,30}\b(?:btc|bitcoin|eth|usd|funds|money)\b"
)
_MARKUP = r"!?\[[^\]\n]*\]\([^)\n]*\)|!?\[[^\]\n]+\]\[[^\]\n]*\]|^\s{0,3}\[[^\]\n]+\]:\s|<!--|<!\[CDATA|</?(?:a|abbr|audio|b|base|body|br|button|div|embed|form|frame|h[1-6]|head|html|i|iframe|img|input|link|math|meta|object|p|script|source|span|style|svg|table|td|tr|video|details|summary|tool_call|function_calls|system|assistant|user)(?:\s[^>\n]*)?/?>|\bjavascript:|\bdata:[a-z]+/[a-z+.-]+[;,]|\bvbscript:|\bon(?:error|load|click)\s*=|[‹<]\|?/?(?:im_start|im_end|eot_id|start_header_id|endoftext)|\[/?INST\]|```"
_SENT = r"\b(?:see|more (?:info\w*|details|help)|visit|follow|consult|go to|browse|navigate to|guide)\b[^.]{0,30}(?:https?://|www\.)|\b(?:visit|follow|consult|go to|browse|navigate to)\b[^.\n]{0,20}(?:[\w-]+\.)+[a-z]{2,}\b/?"
_DIRECTS = r"\b(?:see|look at|look up|visit|follow|read|consult|open|go to|browse|navigate to|check out)\b[^.]{0,20}(?:\S+\.)+[a-z]{2,}\b/?"

ADVICE: tuple[tuple[str, str, Late[str]], ...] = tuple(
    (kind, message, Late(pattern, re.IGNORECASE | re.MULTILINE))
    for kind, message, pattern in (
        ("destroy", "It has a command or advice that destroys", _DESTROYS),
        ("run", "It has a command that downloads and runs, or runs what it was handed", _RUNS),
        ("exfiltration", "It would send or show what is secret", _SENDS_OUT),
        ("weaken", "It would switch off or weaken a check", _WEAKENS),
        ("deny", "It denies the failure", _DENIES),
        ("addressed", "It speaks to its reader or to an agent", _ADDRESSES),
        ("markup", "It has markup or a link", _MARKUP),
    )
)
"""What advice must not say: kind, the sentence of the issue, and the expression."""

COMMANDING: tuple[tuple[str, Late[str]], ...] = tuple(
    (kind, Late(pattern, re.IGNORECASE | re.MULTILINE))
    for kind, pattern in (
        (
            "override",
            (
                r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:previous|prior|above|earlier|all|any|your|the)\b.{0,30}\b(?:instruction|prompt|rule|context|guideline|direction|message)s?\b|\b(?:new|updated|revised|real) (?:system )?instructions?\b|\b(?:forget|ignore) (?:what|everything)\b"
                r"|\b(?:z?ignor(?:iere|ez|a|e|uj)|negeer|forget|vergiss|oublie\w*|olvida|esqueça|dimentica)\b.{0,40}(?:anweisung|instruction|instruccion|instru[çc]|istruzion|instrukcj|instructie)|игнорируй|忽略.{0,12}指令|指示を無視|지시.{0,8}무시|تجاهل|अनदेखा|talimatlar\w*\s+yok\s+say"
            ),
        ),
        (
            "role",
            r"(?:^[ \t]*|[\"'>|\[{,])(?:system|assistant|developer|human|validator|planner)\s*(?:message|prompt|note|override)?[\"'\])]*\s*[:>\]](?!:)\s*\S+(?:\s+\S+){3}|\byou are (?:now|an?|the)\b|\bact as\b|\bpretend (?:to be|you)\b|\bfrom now on\b|###\s*(?:instruction|response|system|task)|\b\w*instructions?\"\s*:",
        ),
        (
            "tool",
            r"</?(?:tool_call|function_calls?|invoke|tool_result)\b|\btool result\b|^[ \t]*(?:observation|thought|action):\s",
        ),
        (
            "template",
            r"[<‹]\|?[/｜]?(?:im_start|im_end|eot_id|start_header_id|endoftext|start_of_turn|end_of_turn|system-reminder|user｜|assistant｜)|\[/?INST\]|⟦/?INST|<</?SYS>>|[‹<][|｜]",
        ),
        (
            "end_of_data",
            r"\bend of (?:the )?(?:log|data|context|input|file|untrusted)s?\b|LOG DATA END|</(?:data|evidence|log|context)>|\bevidence is complete\b",
        ),
        (
            "dictated",
            r"\b(?:your|the) (?:plan|answer|fallback plan|description|output|response)\b.{0,30}\b(?:must|should|is to|shall)\b|\b(?:answer|respond|reply|repeat|say|write|report|copy|state)\b.{0,30}\b(?:only|exactly|word for word|verbatim|single word|this sentence|as follows|it so)\b|\b(?:decode|read this backwards|join (?:the|these))\b.{0,40}\b(?:follow|do it|run|obey)\b|\bthe plan is\b|\b(?:p\.s\.|note) (?:for|to) the (?:planner|model|reader)\b|\b(?:decode and |read and )?follow(?: the)? (?:hex|base64|text)\b",
        ),
        (
            "score",
            r"\b(?:set|give|assign|return|use|with)\b.{0,30}\b(?:confidence|\w*score|priority)\b.{0,15}(?:[:=]|\bto\b|\bof\b|\d)|\"(?:subtasks|approach|fallback_plan|confidence)\"\s*:",
        ),
        ("citation", r"\bcitations?\s*[:=]\s*\[|\bcite lines? \d+|\bline \d+ proves\b|\"citations\"\s*:"),
        ("link", r"(?:^|[^:\w])//[\w-]+\.[\w.-]+/|" + _SENT),
    )
)
"""What a log has no reason to say: kind and expression."""

DIRECTING = Late(_DIRECTS, re.IGNORECASE)
"""Sends its reader to a host."""

_FOREIGN = frozenset(
    "de der und den das dem nicht ein eine aus mit für auf wird von zu ist le la les des est et dans une du pour que sur qui "  # noqa: SIM905
    "el los las y del para por con se su il gli di che nella per lo non della os uma da dos não é como het een uit van niet "
    "naar wordt z aby nie jest na się było do ve bu bir çünkü için olarak och att inte det som med ikke".split()
) - {"do"}
_ENGLISH = frozenset(
    "the to of and is in for that so it on with from by be are was at as this or if when not into has which its then after before each".split()  # noqa: SIM905
)
_LETTERS = Late(r"[^\W\d_]+")
_SENTENCE = Late(r"[.!?;:\n](?=\s|$)")
_OTHER_SCRIPT = Late(r"[\u0370-\u1cff\u2c00-\ua6ff\ua720-\uabff\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]")


def foreign(text: str) -> bool:
    """Whether a sentence is in a language other than English: such words are beyond what the other rules can read."""
    return any(_is_foreign(sentence) for sentence in _SENTENCE.split(text))


def _is_foreign(sentence: str) -> bool:
    words = [word.lower() for word in _LETTERS.findall(sentence)]
    other = len(_OTHER_SCRIPT.findall(sentence))
    if other >= 8 or other > 0.2 * sum(map(len, words)):
        return True
    strange = {word for word in words if word in _FOREIGN}
    return len(strange) >= 2 and len(strange) > sum(word in _ENGLISH for word in words)
