"""Toasts come and go, whatever else happens in that moment."""

import asyncio

from textual.widgets._toast import Toast

from explorer.settings import Settings
from tests.tui.conftest import opened


async def test_a_toast_made_as_its_time_ends_does_not_stop_the_app(demo: Settings) -> None:
    """Another screen makes the toasts again; one may expire just then.

    A Textual timer of less than zero seconds never yields to anything else.
    """
    async with opened(demo) as ui:
        ui.app.notify("going", timeout=0.1)
        await ui.until(lambda: len(ui.app._notifications))
        (notification,) = ui.app._notifications
        await asyncio.sleep(0.2)
        assert notification.has_expired
        late = Toast(notification)
        assert late._timeout > 0
        await ui.app.screen.mount(late)
        await ui.until(lambda: not late.is_attached)
        await ui.press("question_mark")
        await ui.shows("Help", "Moving")
