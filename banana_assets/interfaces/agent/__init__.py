"""The agent: looks at what failed, says what it found, and goes on until it is told to stop."""

from banana_assets.interfaces.agent.loop import Agent, Round, run

__all__ = ["Agent", "Round", "run"]
