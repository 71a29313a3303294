"""Which engine of a pool does what, and what becomes of one that dies."""

from pathlib import Path

import pytest

from explorer.errors import EngineError, ImageMissingError
from explorer.verify import Engine
from explorer.workbench.engine_pool import EnginePool


def engine(folder: Path, name: str, platform: str = "linux/amd64", *, alive: bool = True) -> Engine:
    """An engine whose client only says whether it answers."""
    client = folder / name
    client.write_text(f"#!/bin/sh\nexit {0 if alive else 1}\n", encoding="utf-8")
    client.chmod(0o755)
    return Engine("docker", (str(client),), "1", platform, rootless=False)


async def name_of(one: Engine) -> str:
    return Path(one.command[0]).name


async def test_the_native_one_comes_first_and_then_the_least_busy(tmp_path: Path) -> None:
    amd, arm = engine(tmp_path, "amd"), engine(tmp_path, "arm", "linux/arm64")
    other = engine(tmp_path, "other")
    pool = EnginePool([amd, arm, other], lambda _: None)
    assert await pool.run("linux/arm64", name_of) == "arm"
    assert await pool.run("", name_of) == "amd"

    async def outer(one: Engine) -> tuple[str, str]:
        return await name_of(one), await pool.run("linux/amd64", name_of)

    assert await pool.run("linux/amd64", outer) == ("amd", "other")
    assert await pool.run("linux/amd64", outer) == ("amd", "other"), "both are free again"


async def test_what_one_cannot_do_another_does(tmp_path: Path) -> None:
    """One that lives, and lacks an image, keeps its place; a dead one gets no more work."""
    warnings: list[str] = []
    lacking, dead = engine(tmp_path, "lacking"), engine(tmp_path, "dead", alive=False)
    pool = EnginePool([lacking, dead, engine(tmp_path, "fine")], warnings.append)

    async def work(one: Engine) -> str:
        if (name := await name_of(one)) == "lacking":
            raise ImageMissingError("no image")
        if name == "dead":
            raise EngineError("gone")
        return name

    assert await pool.run("linux/amd64", work) == "fine"
    assert [await name_of(one) for one in pool.engines] == ["lacking", "fine"]
    assert len(warnings) == 1
    assert "dead does not answer any more" in warnings[0]


async def test_the_first_error_is_told_where_all_fail(tmp_path: Path) -> None:
    pool = EnginePool([engine(tmp_path, "a"), engine(tmp_path, "b")], lambda _: None)

    async def work(one: Engine) -> str:
        raise EngineError(await name_of(one))

    with pytest.raises(EngineError, match="a"):
        await pool.run("linux/amd64", work)

    async def broken(one: Engine) -> str:
        raise KeyError(one.name)

    with pytest.raises(KeyError):
        await pool.run("linux/amd64", broken)
    assert await pool.run("linux/amd64", name_of) == "a", "nothing is busy any more"
