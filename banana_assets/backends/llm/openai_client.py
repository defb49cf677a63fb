"""A model at OpenAI, or at any server that speaks its protocol, asked with the official client."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from banana_assets.backends.llm.failed import of_status
from banana_assets.backends.llm.wire import CONNECT_SECONDS, LEAST_SECONDS, Bounds, tls, within
from banana_assets.backends.settings import mask_password
from banana_assets.core.models.answers import counted, parsed
from banana_assets.core.models.prices import OPENAI_URL, own_machine, tokens_at_most
from banana_assets.core.models.schemas import strict
from banana_assets.core.models.types import Answer, Health, ModelError, Request, Usage
from banana_assets.core.models.waiting import retry_after

HEALTH_SECONDS = 2.0
NO_KEY = "none"
"""Servers on own machines want no key, the client wants one."""

_MOST_ADAPTATIONS = 3


class OpenAI:
    """A LanguageModel that ``chat.completions`` reaches at ``url``. It finds out what the server does not take, and
    leaves that away from then on."""

    provider = "openai"

    def __init__(self, key: str, model: str, *, url: str = OPENAI_URL) -> None:
        self._key = key
        self.model = model
        self.url = url.rstrip("/")
        self._refused: set[str] = set()

    def __repr__(self) -> str:
        return f"OpenAI({self.model!r}, url={mask_password(self.url)!r})"

    def generate(self, request: Request, seconds: float) -> Answer:
        """Ask once, with the schema as ``response_format``; where the server refuses a parameter, again without it."""
        began = time.monotonic()
        for _ in range(_MOST_ADAPTATIONS):
            left = seconds - (time.monotonic() - began)
            try:
                reply = self._ask(lambda client: client.chat.completions.create(**self._body(request)), left)
            except _RefusedParameterError as error:
                if error.parameter in self._refused:
                    raise error.reason from error
                self._refused.add(error.parameter)
            else:
                return self._answer(reply, request, time.monotonic() - began)
        raise ModelError("rejected", f"{self._name()} refuses the parameters of every form of the question.")

    def health(self) -> Health:
        """Whether it answers, takes the key and lists the model."""
        import_module("openai")  # Its second is not the server's.
        try:
            listed = self._ask(lambda client: [m.id for m in client.models.list().data], HEALTH_SECONDS)
        except (ModelError, _RefusedParameterError) as error:
            said = error.message if isinstance(error, ModelError) else error.reason.message
            return Health(self.provider, self.model, configured=True, ready=False, said=said)
        # Some servers list a file name and take any name: only OpenAI's own list says what there is not.
        if self.url == OPENAI_URL and self.model not in listed:
            said = f"The key may not use {self.model}, or there is no such model."
            return Health(self.provider, self.model, configured=True, ready=False, said=said)
        return Health(self.provider, self.model, configured=True, ready=True, said="ready")

    def _body(self, request: Request) -> dict[str, Any]:
        own = self.url == OPENAI_URL
        instructions = request.instructions
        body: dict[str, Any] = {}
        if "temperature" not in self._refused:
            body["temperature"] = 0
        limit = "max_completion_tokens" if own or "max_tokens" in self._refused else "max_tokens"
        body[limit] = request.max_tokens
        if "response_format" not in self._refused:
            schema = strict(request.schema) if own else dict(request.schema)
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": request.schema_name, "schema": schema, "strict": True},
            }
        else:
            instructions += "\n\nAnswer with one JSON object that keeps this JSON schema, and nothing else:\n"
            instructions += json.dumps(dict(request.schema))
        messages = [{"role": "system", "content": instructions}, {"role": "user", "content": request.data}]
        return {"model": self.model, "messages": messages, "stream": False, **body}

    def _answer(self, reply: Any, request: Request, seconds: float) -> Answer:
        text, reason, refusal = _content(reply, self._name())
        asked = tokens_at_most(request.instructions) + tokens_at_most(request.data)
        told = reply.usage
        usage = counted(getattr(told, "prompt_tokens", None), getattr(told, "completion_tokens", None))
        usage = usage or Usage(asked, tokens_at_most(text), estimated=True)
        if refusal or reason == "content_filter":
            said = " ".join((refusal or "its content filter").split())[:160]
            raise ModelError("refusal", f"The model refused: {said}.", usage=usage)
        value = parsed(text, request.schema, usage=usage, finished=reason != "length")
        answer = Answer(value, self.provider, self.model, usage.input_tokens, usage.output_tokens, 0.0, seconds)
        return replace(answer, tokens_estimated=usage.estimated)

    def _ask(self, question: Any, seconds: float) -> Any:
        """The answer to one HTTP request, bounded in time and size, its failures as ModelError."""
        began = time.monotonic()
        import httpx2
        import openai

        # The first import takes a second, which is the deadline's too.
        seconds = max(seconds - (time.monotonic() - began), LEAST_SECONDS)
        bounds = Bounds(httpx2.SyncByteStream, seconds)
        http = httpx2.Client(
            timeout=httpx2.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds)),
            follow_redirects=False,
            verify=tls(),
            headers={"Accept-Encoding": "identity"},
            event_hooks={"response": [bounds.hook]},
            # A proxy of the environment is for the world outside.
            trust_env=not own_machine(self.url),
        )
        client = openai.OpenAI(api_key=self._key or NO_KEY, base_url=self.url, max_retries=0, http_client=http)
        name = self._name()
        try:
            return within(seconds, lambda: question(client), give_up=http.close)
        except openai.APIStatusError as error:
            if bounds.broken:
                raise bounds.broken from error
            after = retry_after(error.response.headers.get("retry-after"), datetime.now(UTC))
            failure = of_status(error.status_code, _said(error), name, retry_after=after)
            if parameter := _refused(error):
                raise _RefusedParameterError(parameter, failure) from error
            if getattr(error, "code", None) == "insufficient_quota":
                # The one 429 that waiting does not mend.
                failure = ModelError("not_allowed", failure.message, "The account has no credit left.")
            raise failure from error
        except openai.APITimeoutError as error:
            if isinstance(error.__cause__, httpx2.ConnectTimeout):
                raise ModelError("unreachable", f"{name} cannot be reached.") from error
            raise ModelError("timeout", f"{name} gave no answer in time.", usage=None) from error
        except openai.APIConnectionError as error:
            if bounds.broken:
                raise bounds.broken from error
            cause = error.__cause__
            if isinstance(cause, httpx2.ConnectError | httpx2.UnsupportedProtocol | httpx2.InvalidURL):
                raise ModelError("unreachable", f"Nothing answers at {name}.", "Check its address.") from error
            raise ModelError("unreachable", f"The connection to {name} broke: {cause or error}.", usage=None) from error
        except (openai.OpenAIError, ValueError, TypeError, AttributeError) as error:
            raise ModelError(
                "invalid_json", f"{name} sent no message of OpenAI's protocol ({type(error).__name__}).", usage=None
            ) from error
        finally:
            http.close()

    def _name(self) -> str:
        return mask_password(self.url)


class _RefusedParameterError(Exception):
    def __init__(self, parameter: str, reason: ModelError) -> None:
        super().__init__(parameter)
        self.parameter = parameter
        self.reason = reason


def _refused(error: Any) -> str | None:
    """Which parameter a server does not take; OpenAI names it in ``param``, others in their words."""
    if error.status_code not in (400, 422):
        return None
    told = f"{getattr(error, 'param', None) or ''} {_said(error)}"
    if "response_format" in told or "json_schema" in told:
        return "response_format"
    return next((name for name in ("max_tokens", "temperature") if name in told), None)


def _said(error: Any) -> str:
    body = error.body
    if isinstance(body, dict):
        return str(body.get("message") or body.get("detail") or body)
    return str(body or "")


def _content(reply: Any, name: str) -> tuple[str, str | None, str | None]:
    """Text, reason of the end, and refusal. Raises ModelError where the message has another form."""
    try:
        choice = reply.choices[0]
        text, reason, refusal = choice.message.content, choice.finish_reason, choice.message.refusal
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise ModelError("invalid_json", f"{name} sent no message of OpenAI's protocol.", usage=None) from error
    if not isinstance(text, str | None) or not isinstance(refusal, str | None):
        raise ModelError("invalid_json", f"{name} sent a message that is no text.", usage=None)
    return text or "", reason, refusal
