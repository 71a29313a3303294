"""The engines that share proofs.

Work goes to whichever has the least to do, and a dead engine's work to the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from explorer.errors import EngineError

if TYPE_CHECKING:
    from explorer.verify import Engine

T = TypeVar("T")


class EnginePool:
    """Engines that answered when they were asked. For one event loop."""

    def __init__(self, engines: Sequence[Engine], warn: Callable[[str], None]) -> None:
        self.engines = list(engines)
        """Those that are alive; never empty unless the last one has died."""
        self._warn = warn
        self._busy: Counter[tuple[str, ...]] = Counter()

    async def run(self, platform: str, work: Callable[[Engine], Awaitable[T]]) -> T:
        """Do some work on the engine that fits best, and on the others where that one fails.

        Engines that run the platform's programs natively come first, then those with the least to
        do. An engine that fails and does not answer any more gets no further work.

        Raises:
            EngineError: every engine failed; the first one's error. And whatever ``work`` raises.
        """
        failed: dict[tuple[str, ...], EngineError] = {}
        while left := [one for one in self.engines if one.command not in failed]:
            engine = min(left, key=lambda one: self._rank(one, platform))
            self._busy[engine.command] += 1
            try:
                return await work(engine)
            except EngineError as error:
                failed[engine.command] = error
            finally:
                self._busy[engine.command] -= 1
            await self._drop_if_dead(engine)
        if failed:
            raise next(iter(failed.values()))
        raise EngineError("No engine of the pool answers any more", remedy="Look at: doctor")

    def _rank(self, engine: Engine, platform: str) -> tuple[bool, int]:
        return platform not in ("", engine.platform), self._busy[engine.command]

    async def _drop_if_dead(self, engine: Engine) -> None:
        from explorer.verify import engine_answers

        if len(self.engines) > 1 and not await engine_answers(engine) and engine in self.engines:
            self.engines.remove(engine)
            name = " ".join(engine.command)
            self._warn(f"{name} does not answer any more: the other engines do its work")
