"""An agent whose choices a real small model makes, over the real server on standard input and output: it finds a failed
build, explains it, plans and reports. What it says is not looked at; what keeps its schema and what is stored is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import jsonschema
import pytest
from mcp import Client, StdioServerParameters
from mcp_types import CallToolResult

from banana_assets.backends.llm import open_models
from banana_assets.backends.llm.openai_client import OpenAI
from banana_assets.backends.plan_records import PlanRecords
from banana_assets.backends.reports import Reports
from banana_assets.backends.settings import load_from
from banana_assets.backends.store import open_store
from banana_assets.core.models.types import Request
from tests.interfaces.mcp.answering_home import SECRET, make
from tests.system.processes import BANANA, environment

PATIENCE = 120.0
USED = ("list_failed_builds", "explain_failure", "analyze_system_logs", "generate_optimized_plan", "submit_report")


class Agent:
    """Asks a model to choose, and tools to do."""

    def __init__(self, client: Client, model: OpenAI, schemas: dict[str, Any]) -> None:
        self.client = client
        self.model = model
        self.schemas = schemas
        self.said: list[str] = []

    async def call(self, name: str, **arguments: Any) -> dict[str, Any]:
        """A tool's answer, held against its schema."""
        found = await self.client.call_tool(name, arguments)
        assert isinstance(found, CallToolResult)
        assert not found.is_error, found.content
        assert found.structured_content is not None
        jsonschema.validate(found.structured_content, self.schemas[name])
        self.said.append(str(found.structured_content))
        return found.structured_content

    async def choose(self, what: str, data: str, **properties: Any) -> dict[str, Any]:
        """What the model says about data, in that form."""
        schema = {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }
        request = Request(
            task="agent",
            instructions=what,
            data=data,
            schema=schema,
            schema_name="choice",
            prompt_version="1",
            max_tokens=120,
        )
        answer = await anyio.to_thread.run_sync(self.model.generate, request, PATIENCE)
        jsonschema.validate(answer.value, schema)
        return dict(answer.value)


async def loop(agent: Agent) -> tuple[str, str]:
    """The whole job; the build and the plan that it ended with."""
    failed = await agent.call("list_failed_builds", limit=3)
    ids = [build["build_id"] for build in failed["builds"]]
    lines = "\n".join(f"{build['build_id']}: {build['title']}" for build in failed["builds"])
    build = (await agent.choose("Choose a failed build.", lines, build={"type": "string", "enum": ids}))["build"]
    told = await agent.call("explain_failure", build_id=build, budget=300)
    places = [place["first_line"] for place in told["diagnosis"]["cause"]]
    found = await agent.choose(
        "Say why the build failed, and which line shows it.",
        told["pack"][-500:],
        cause={"type": "string", "maxLength": 30},
        line={"type": "integer", "enum": places},
    )
    logs = await agent.call("analyze_system_logs", model="openai/smollm2", log_level="error")
    assert set(logs["focus"]) <= {pattern["id"] for pattern in logs["patterns"]}
    assert logs["model_used"] == "openai/smollm2"
    plan = await agent.call(
        "generate_optimized_plan", goal=f"make {told['failing_tests'][0]['title']} green", max_subtasks=4, model="none"
    )
    assert plan["stored"]
    kept = await agent.call(
        "submit_report",
        build_id=build,
        analysis=f"line {found['line']}: {found['cause'] or 'no words'}",
        recommendations=[step["description"] for step in plan["plan"]["subtasks"]],
        plan_id=plan["plan"]["plan_id"],
        model_version="smollm2",
    )
    assert (kept["build_id"], kept["stored"]) == (build, True)
    return build, plan["plan"]["plan_id"]


@pytest.mark.timeout(240)
def test_an_agent_finds_explains_plans_and_reports(tmp_path: Path, model_server: dict[str, str]) -> None:
    home = tmp_path / "home"
    (tmp_path / "files").mkdir()
    make(home, tmp_path / "files")
    words = [*BANANA, "mcp", "--scope", "report"]
    about = environment(home) | {"OPENAI_BASE_URL": model_server["openai"], "OPENAI_MODEL": "smollm2"}
    model = OpenAI("", "smollm2", url=model_server["openai"])

    async def whole() -> tuple[str, str, list[str]]:
        async with Client(StdioServerParameters(command=words[0], args=words[1:], env=about)) as client:
            tools = {tool.name: tool for tool in (await client.list_tools()).tools}
            assert set(USED) <= set(tools)
            agent = Agent(client, model, {name: tool.output_schema for name, tool in tools.items()})
            return *await loop(agent), agent.said

    build, plan_id, said = anyio.run(whole)
    assert SECRET not in "".join(said)
    with open_store(load_from(home)) as store:
        reports = Reports(store.engine).of([build])[build]
        assert [(r["model_version"], r["plan_id"]) for r in reports] == [("smollm2", plan_id)]
        plan = PlanRecords(store.engine).plan(plan_id)
        assert plan is not None
        assert len(plan.subtasks) <= 4
        calls = open_models(store.settings, store.engine).ledger.calls()
    assert calls["task"].to_list() == ["log_triage"]
    assert calls["outcome"].to_list() == ["ok"]
