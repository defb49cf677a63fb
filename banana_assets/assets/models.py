"""What language models were asked, and whether those that are set up answer."""

from datetime import UTC, datetime
from functools import partial

import dagster as dg
import polars as pl

from banana_assets.assets.plans import plans
from banana_assets.assets.shared import markdown, result, table_asset
from banana_assets.backends.llm.standing import Standing
from banana_assets.core.models.costs import costs
from banana_assets.core.plots.models import calls_plot
from banana_assets.core.tables import LLM_CALLS
from resources.llm import ModelsResource
from resources.store import StoreResource

SHOWN = ["started_at", "task", "provider", "model", "outcome", "input_tokens", "output_tokens", "cost", "seconds"]


@table_asset(LLM_CALLS, group="plans", deps=[plans])
def llm_calls(store: StoreResource, llm: ModelsResource) -> dg.MaterializeResult[pl.DataFrame]:
    """Copy the ledger of calls out of the records, and look which models answer."""
    now = datetime.now(UTC)
    with store.open() as opened:
        ledger = llm.ledger(opened.engine)
        ledger.settle_lost(now)
        frame, (_, day) = ledger.calls(), ledger.taken(now)
        models = _table(llm.standing(opened.engine))
    sums = costs(frame, ["day", "model"]).sort("day", descending=True)
    return result(
        LLM_CALLS,
        frame.sort("call_id", descending=True),
        plot=partial(calls_plot, frame),
        preview=SHOWN,
        models=dg.MetadataValue.md(markdown(models, models.height) if models.height else "*none is set up*"),
        costs=dg.MetadataValue.md(markdown(sums, sums.height)),
        dollars_today=day.dollars,
        tokens_today=day.tokens,
        dollars=frame["cost"].sum(),
    )


@dg.asset_check(
    asset=LLM_CALLS.name,
    name="models_answer",
    description="Every language model that is set up answers. Plans do without those that do not.",
)
def models_answer(store: StoreResource, llm: ModelsResource) -> dg.AssetCheckResult:
    """Warn of models that are set up and do not answer."""
    with store.open() as opened:
        found = llm.standing(opened.engine)
    models = _table(found)
    return dg.AssetCheckResult(
        passed=all(row.ready and row.breaker == "closed" for row in found),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "set_up": models.height,
            "models": dg.MetadataValue.md(markdown(models, models.height) if models.height else "*none is set up*"),
        },
    )


def _table(found: list[Standing]) -> pl.DataFrame:
    return pl.DataFrame([row.row() for row in found]).drop("configured", strict=False)
