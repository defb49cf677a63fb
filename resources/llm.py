"""Language models as a Dagster resource: the UI shows which are set up and what they may cost, never a key."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import polars as pl
import sqlalchemy as sa
from pydantic import Field

from banana_assets.backends.llm import Models, Task, configured, open_models
from banana_assets.backends.llm.ledger import Ledger
from banana_assets.backends.llm.standing import Standing, described, standing
from banana_assets.backends.settings import Settings, load_from


class ModelsResource(dg.ConfigurableResource[None]):
    """The language models that are set up. Whether they answer is shown with the asset `llm_calls`."""

    home: str = Field(description="folder of all data (BANANA_HOME), where the settings are")
    models: list[str] = Field(
        default_factory=list, description="models that are set up, for what, where, at what price"
    )
    budgets: list[str] = Field(default_factory=list, description="most that a call, a run and a UTC day may take")

    @classmethod
    def of(cls, settings: Settings) -> "ModelsResource":
        """The resource of those settings; connects to nothing."""
        return cls(home=str(settings.home), **described(settings))

    def settings(self) -> Settings:
        """The settings that hold in this home."""
        return load_from(Path(self.home))

    def open(
        self,
        engine: sa.Engine,
        *,
        run_id: str,
        tasks: Mapping[str, Task] | None = None,
        quality: pl.DataFrame | None = None,
    ) -> Models:
        """The models, with ledger and cache in those records. ``run_id`` is what the budget of a run counts by."""
        return open_models(self.settings(), engine, run_id=run_id, tasks=tasks, quality=quality)

    def ledger(self, engine: sa.Engine) -> Ledger:
        """The calls in those records."""
        return Ledger(engine, configured.budgets(self.settings()))

    def standing(self, engine: sa.Engine) -> list[Standing]:
        """Each model that is set up, asked now whether it answers."""
        return standing(self.settings(), self.ledger(engine), datetime.now(UTC))
