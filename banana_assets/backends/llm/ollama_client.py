"""A model that Ollama runs, asked with its official client."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from banana_assets.backends.llm.failed import of_status
from banana_assets.backends.llm.wire import CONNECT_SECONDS, LEAST_SECONDS, Bounds, tls, within
from banana_assets.backends.settings import mask_password
from banana_assets.core.models.answers import counted, parsed
from banana_assets.core.models.prices import own_machine, tokens_at_most
from banana_assets.core.models.types import Answer, Health, ModelError, Request, Usage
from banana_assets.core.models.waiting import retry_after

HEALTH_SECONDS = 2.0
LEAST_WINDOW = 4096


class Ollama:
    """A LanguageModel at ``url``. ``context_tokens`` is how much the model is made to read at most."""

    provider = "ollama"

    def __init__(self, url: str, model: str, *, context_tokens: int = 32_768) -> None:
        self.url = url
        self.model = model
        self.context_tokens = context_tokens

    def generate(self, request: Request, seconds: float) -> Answer:
        """Ask once: instructions as the system's words, data as the user's, the schema as ``format``."""
        began = time.monotonic()
        exchange = _Exchange(self.url, seconds)
        asked = tokens_at_most(request.instructions) + tokens_at_most(request.data)
        window = max(LEAST_WINDOW, 1 << (asked + request.max_tokens - 1).bit_length())
        if window > self.context_tokens:
            # Ollama cuts what does not fit into the window, without a word.
            raise ModelError(
                "rejected",
                f"The question may take {asked:,} tokens; {self.context_tokens:,} fit.",
                "Ask for less.",
            )
        reply = exchange.ask(
            lambda client: client.chat(
                model=self.model,
                messages=[
                    {"role": "system", "content": request.instructions},
                    {"role": "user", "content": request.data},
                ],
                format=dict(request.schema),
                stream=False,
                think=False,
                options={
                    "temperature": 0,
                    "seed": 0,
                    "num_predict": request.max_tokens,
                    # A window of another size loads the model anew: few sizes.
                    "num_ctx": window,
                },
            )
        )
        text = reply.message.content or ""
        usage = counted(reply.prompt_eval_count, reply.eval_count) or Usage(asked, tokens_at_most(text), estimated=True)
        value = parsed(text, request.schema, usage=usage, finished=reply.done_reason != "length")
        return Answer(
            value,
            self.provider,
            self.model,
            usage.input_tokens,
            usage.output_tokens,
            0.0,
            time.monotonic() - began,
            tokens_estimated=usage.estimated,
        )

    def health(self) -> Health:
        """Whether it answers, and has the model."""
        import_module("ollama")  # Its time is not the server's.
        try:
            listed = _Exchange(self.url, HEALTH_SECONDS).ask(lambda client: client.list())
        except ModelError as error:
            return Health(self.provider, self.model, configured=True, ready=False, said=error.message)
        names = {m.model or "" for m in listed.models}
        if self.model in names or f"{self.model}:latest" in names:
            return Health(self.provider, self.model, configured=True, ready=True, said="ready")
        said = f"It has no model {self.model}; `ollama pull {self.model}` fetches it."
        return Health(self.provider, self.model, configured=True, ready=False, said=said)


class _Exchange:
    """One question over HTTP, bounded in time and size, its failures as ModelError."""

    def __init__(self, url: str, seconds: float) -> None:
        self.url = url
        self.seconds = seconds

    def ask(self, question: Any) -> Any:
        began = time.monotonic()
        import httpx
        import ollama

        # The first import takes its time, which is the deadline's too.
        seconds = max(self.seconds - (time.monotonic() - began), LEAST_SECONDS)
        bounds = Bounds(httpx.SyncByteStream, seconds)
        heard: dict[str, str] = {}
        name = mask_password(self.url)
        client: Any = ollama.Client(
            self.url,
            timeout=httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds)),
            follow_redirects=False,
            verify=tls(),
            headers={"Accept-Encoding": "identity"},
            event_hooks={"response": [lambda response: heard.update(response.headers), bounds.hook]},
            # A proxy of the environment is for the world outside.
            trust_env=not own_machine(self.url),
        )
        try:
            return within(seconds, lambda: question(client), give_up=client.close)
        except ollama.ResponseError as error:
            if bounds.broken:
                raise bounds.broken from error
            after = retry_after(heard.get("retry-after"), datetime.now(UTC))
            raise of_status(error.status_code, error.error, name, retry_after=after) from error
        except ConnectionError as error:
            # The client's word for an address where nothing listens.
            raise ModelError(
                "unreachable", f"Nothing answers at {name}.", "Start Ollama, or mend its address."
            ) from error
        except httpx.ConnectTimeout as error:
            raise ModelError("unreachable", f"{name} cannot be reached.") from error
        except httpx.TimeoutException as error:
            raise ModelError("timeout", f"{name} gave no answer in time.", usage=None) from error
        except httpx.TransportError as error:
            raise ModelError("unreachable", f"The connection to {name} broke: {error}.", usage=None) from error
        except httpx.InvalidURL as error:
            raise ModelError("unreachable", f"{name} is no address: {error}.", "Mend OLLAMA_URL.") from error
        except (json.JSONDecodeError, UnicodeDecodeError, ValueError, TypeError) as error:
            raise ModelError(
                "invalid_json", f"{name} sent no message of Ollama's protocol ({type(error).__name__}).", usage=None
            ) from error
        finally:
            client.close()
