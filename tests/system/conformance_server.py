"""The server as ``banana serve`` runs it, with what the protocol's conformance suite calls by name beside our tools.

Run as a script with the port, on the home of the environment.
"""

from __future__ import annotations

import asyncio
import base64
import json
import struct
import sys
import zlib
from functools import partial
from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.prompts.base import UserMessage
from mcp.shared.exceptions import MCPError
from mcp_types import (
    MISSING_REQUIRED_CLIENT_CAPABILITY,
    AudioContent,
    CreateMessageRequest,
    CreateMessageRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    EmbeddedResource,
    EmptyResult,
    ImageContent,
    InputRequiredResult,
    ListRootsRequest,
    SamplingMessage,
    SetLevelRequestParams,
    SubscribeRequestParams,
    TextContent,
    TextResourceContents,
    UnsubscribeRequestParams,
)

from banana_assets.interfaces.api import app
from banana_assets.interfaces.cli.main import main
from banana_assets.interfaces.mcp import server as ours
from banana_assets.interfaces.mcp.http import Mounted

Any_Context = Context[Any, Any]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


HEAD = _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
PIXEL = b"\x89PNG\r\n\x1a\n" + HEAD + _chunk(b"IDAT", zlib.compress(b"\0\xff\0\0")) + _chunk(b"IEND", b"")
SILENCE = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36, b"WAVE", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8, b"data", 0)


def text(words: str) -> TextContent:
    return TextContent(type="text", text=words)


def image() -> ImageContent:
    return ImageContent(type="image", data=base64.b64encode(PIXEL).decode(), mime_type="image/png")


def embedded(uri: str, kind: str, words: str) -> EmbeddedResource:
    return EmbeddedResource(type="resource", resource=TextResourceContents(uri=uri, mime_type=kind, text=words))


def form(message: str, **properties: Any) -> ElicitRequest:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return ElicitRequest(params=ElicitRequestFormParams(message=message, requested_schema=schema))


def sampling(words: str, tokens: int) -> CreateMessageRequest:
    message = SamplingMessage(role="user", content=text(words))
    return CreateMessageRequest(params=CreateMessageRequestParams(messages=[message], max_tokens=tokens))


STRING, BOOLEAN = {"type": "string"}, {"type": "boolean"}


def answers(context: Any_Context) -> dict[str, Any]:
    return dict(context.input_responses or {})


def add_contents(server: MCPServer[Any]) -> None:
    @server.tool(structured_output=False)
    def test_simple_text() -> str:
        return "This is a simple text response for testing."

    @server.tool(structured_output=False)
    def test_image_content() -> list[ImageContent]:
        return [image()]

    @server.tool(structured_output=False)
    def test_audio_content() -> list[AudioContent]:
        return [AudioContent(type="audio", data=base64.b64encode(SILENCE).decode(), mime_type="audio/wav")]

    @server.tool(structured_output=False)
    def test_embedded_resource() -> list[EmbeddedResource]:
        return [embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")]

    @server.tool(structured_output=False)
    def test_multiple_content_types() -> list[TextContent | ImageContent | EmbeddedResource]:
        told = embedded("test://mixed-content-resource", "application/json", '{"test": "data", "value": 123}')
        return [text("Multiple content types test:"), image(), told]

    @server.tool(structured_output=False)
    def test_error_handling() -> str:
        raise ValueError("This tool intentionally returns an error for testing")


def add_talking(server: MCPServer[Any]) -> None:
    @server.tool(structured_output=False)
    async def test_tool_with_logging(context: Any_Context) -> str:
        for words in ("Tool execution started", "Tool processing data", "Tool execution completed"):
            await context.info(words)
            await asyncio.sleep(0.05)
        return "done"

    @server.tool(structured_output=False)
    async def test_logging_tool(context: Any_Context) -> str:
        await context.info("Nobody asked for this.")
        return "done"

    @server.tool(structured_output=False)
    async def test_tool_with_progress(context: Any_Context) -> str:
        for done in (0, 50, 100):
            await context.report_progress(done, 100)
            await asyncio.sleep(0.05)
        return "done"

    @server.tool(structured_output=False)
    async def test_sampling(prompt: str, context: Any_Context) -> str:
        message = SamplingMessage(role="user", content=text(prompt))
        made = await context.session.create_message([message], max_tokens=100)
        return f"LLM response: {getattr(made.content, 'text', '')}"

    async def asked(context: Any_Context, message: str, schema: dict[str, Any]) -> str:
        told = {"type": "object", "properties": schema}
        made = await context.session.elicit_form(message, told, related_request_id=context.request_id)
        return f"action={made.action}, content={json.dumps(made.content or {})}"

    @server.tool(structured_output=False)
    async def test_elicitation(message: str, context: Any_Context) -> str:
        return "User response: " + await asked(context, message, {"username": STRING, "email": STRING})

    @server.tool(structured_output=False)
    async def test_elicitation_sep1034_defaults(context: Any_Context) -> str:
        schema = {
            "name": STRING | {"default": "John Doe"},
            "age": {"type": "integer", "default": 30},
            "score": {"type": "number", "default": 95.5},
            "status": STRING | {"enum": ["active", "inactive", "pending"], "default": "active"},
            "verified": BOOLEAN | {"default": True},
        }
        return "Elicitation completed: " + await asked(context, "Who are you?", schema)

    @server.tool(structured_output=False)
    async def test_elicitation_sep1330_enums(context: Any_Context) -> str:
        values = ["option1", "option2", "option3"]
        titled = [{"const": value, "title": value.title()} for value in values]
        schema = {
            "untitledSingle": STRING | {"enum": values},
            "titledSingle": STRING | {"oneOf": titled},
            "legacyEnum": STRING | {"enum": values, "enumNames": [value.title() for value in values]},
            "untitledMulti": {"type": "array", "items": STRING | {"enum": values}},
            "titledMulti": {"type": "array", "items": {"anyOf": titled}},
        }
        return "Elicitation completed: " + await asked(context, "Which ones?", schema)


def add_rounds(server: MCPServer[Any]) -> None:
    """Tools that need input of their caller and are called again with it (revision 2026-07-28)."""
    name = form("What is your name?", name=STRING)
    confirm = form("Please confirm", ok=BOOLEAN)

    def needs(tool: str, state: str | None = None, **requests: Any) -> None:
        async def run(context: Any_Context) -> str | InputRequiredResult:
            told = answers(context)
            if not set(requests) <= set(told):
                return InputRequiredResult(input_requests=requests, request_state=state)
            if context.request_state != state:
                raise MCPError(code=-32602, message="The state is not what was given.")
            return f"state-ok: Hello, {json.dumps({key: repr(value) for key, value in told.items()})}!"

        server.add_tool(run, tool, structured_output=False)

    needs("test_input_required_result_elicitation", user_name=name)
    needs("test_input_required_result_sampling", capital_question=sampling("What is the capital of France?", 100))
    needs("test_input_required_result_list_roots", client_roots=ListRootsRequest())
    needs("test_input_required_result_request_state", "first", confirm=confirm)
    needs("test_input_required_result_tampered_state", "first", confirm=confirm)
    needs(
        "test_input_required_result_multiple_inputs",
        "first",
        user_name=name,
        greeting=sampling("Generate a greeting", 50),
        client_roots=ListRootsRequest(),
    )

    @server.tool(structured_output=False)
    async def test_input_required_result_multi_round(context: Any_Context) -> str | InputRequiredResult:
        told = answers(context)
        if "step2" in told:
            return f"All is told: {context.request_state}."
        if "step1" in told:
            color = form("Step 2: What is your favorite color?", color=STRING)
            return InputRequiredResult(input_requests={"step2": color}, request_state="two")
        first = form("Step 1: What is your name?", name=STRING)
        return InputRequiredResult(input_requests={"step1": first}, request_state="one")

    @server.tool(structured_output=False)
    async def test_input_required_result_capabilities(context: Any_Context) -> str | InputRequiredResult:
        able = context.client_capabilities
        requests: dict[str, Any] = {}
        if able is not None and able.sampling is not None:
            requests["words"] = sampling("Say something.", 50)
        if able is not None and able.elicitation is not None:
            requests["confirm"] = confirm
        return InputRequiredResult(input_requests=requests) if requests else "You can do nothing."

    @server.tool(structured_output=False)
    async def test_streaming_elicitation(context: Any_Context) -> str | InputRequiredResult:
        return "done" if answers(context) else InputRequiredResult(input_requests={"confirm": confirm})

    @server.tool(structured_output=False)
    async def test_missing_capability(context: Any_Context) -> str:
        able = context.client_capabilities
        if able is None or able.sampling is None:
            needed = {"requiredCapabilities": {"sampling": {}}}
            raise MCPError(code=MISSING_REQUIRED_CLIENT_CAPABILITY, message="This needs sampling.", data=needed)
        return "done"

    @server.prompt()
    async def test_input_required_result_prompt(context: Any_Context) -> Any:
        if answers(context):
            return [UserMessage("Go on.")]
        asked = form("What context should the prompt use?", context=STRING)
        return InputRequiredResult(input_requests={"user_context": asked})


def add_resources_and_prompts(server: MCPServer[Any]) -> None:
    @server.resource("test://static-text", mime_type="text/plain")
    def static_text() -> str:
        return "This is the content of the static text resource."

    @server.resource("test://static-binary", mime_type="image/png")
    def static_binary() -> bytes:
        return PIXEL

    @server.resource("test://watched-resource", mime_type="text/plain")
    def watched() -> str:
        return "Watched"

    @server.resource("test://template/{id}/data", mime_type="application/json")
    def template(id: str) -> str:  # noqa: A002 - the name in the template
        return json.dumps({"id": id, "templateTest": True, "data": f"Data for ID: {id}"})

    @server.prompt()
    def test_simple_prompt() -> list[UserMessage]:
        return [UserMessage("This is a simple prompt for testing.")]

    @server.prompt()
    def test_prompt_with_arguments(arg1: str, arg2: str) -> list[UserMessage]:
        return [UserMessage(f"Prompt with arguments: arg1='{arg1}', arg2='{arg2}'")]

    @server.prompt()
    def test_prompt_with_embedded_resource(resourceUri: str) -> list[UserMessage]:  # noqa: N803 - as it is called
        told = embedded(resourceUri, "text/plain", "Embedded resource content for testing.")
        return [UserMessage(told), UserMessage("Please process the embedded resource above.")]

    @server.prompt()
    def test_prompt_with_image() -> list[UserMessage]:
        return [UserMessage(image()), UserMessage("Please analyze the image above.")]


def add_subscriptions(server: MCPServer[Any]) -> None:
    """What was taken out of the protocol with 2026-07-28, and has no other way in than the SDK's inner server."""

    async def taken(context: Any, params: Any) -> EmptyResult:
        return EmptyResult()

    inner = server._lowlevel_server
    inner.add_request_handler("resources/subscribe", SubscribeRequestParams, taken)
    inner.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, taken)
    inner.add_request_handler("logging/setLevel", SetLevelRequestParams, taken)


ADDED = (add_contents, add_talking, add_rounds, add_resources_and_prompts, add_subscriptions)


def with_fixtures(create: Any) -> Any:
    def created(*words: Any) -> Any:
        server = create(*words)
        for add in ADDED:
            add(server)
        for one in [*server._tool_manager.list_tools(), *server._prompt_manager.list_prompts()]:
            one.description = one.description or "For the conformance suite."
        return server

    return created


if __name__ == "__main__":
    ours.create_server = with_fixtures(ours.create_server)
    app.Mounted = partial(Mounted, sessions=True)  # type: ignore[assignment,misc]
    sys.exit(main(["serve", "--port", sys.argv[1]]))
