"""Which images are here, and that a proof without its image names them."""

from collections.abc import Callable

import pytest

from explorer.errors import ImageMissingError
from explorer.verify import Engine, ProofRequest, prove
from explorer.verify.local_images import has_image, images_here
from tests.support.binaries import binary
from tests.support.engine import TestEngine

pytestmark = [pytest.mark.container, pytest.mark.xdist_group("container")]
MISSING = "localhost/rr-explorer-test/musl:never-made"


async def test_images_are_told_apart_by_libc_and_platform(engine: TestEngine, real: Engine) -> None:
    musl, arm64, glibc = engine.musl(), engine.musl("arm64"), engine.glibc()
    amd64 = [image.reference for image in await images_here(real, "linux/amd64", "musl", MISSING)]
    assert musl in amd64
    assert not {arm64, glibc} & set(amd64)
    assert amd64[0].startswith("localhost/rr-explorer-test/musl:"), "like the wanted one first"
    there = await images_here(real, "linux/arm64", "musl")
    assert arm64 in [image.reference for image in there]
    assert all(image.system.libc == "musl" for image in there)
    with_glibc = await images_here(real, "linux/amd64", "glibc")
    assert [image.reference for image in with_glibc if image.reference == glibc] == [glibc]
    assert await has_image(real, musl, "linux/amd64")
    assert not await has_image(real, musl, "linux/arm64")
    assert not await has_image(real, MISSING, "linux/amd64")


async def test_a_proof_without_its_image_names_those_that_are_here(
    engine: TestEngine, request_for: Callable[..., ProofRequest]
) -> None:
    musl, glibc = engine.musl(), engine.glibc()
    wanted = request_for(binary("c-musl"), image=MISSING, pull=False, libc="musl")
    with pytest.raises(ImageMissingError, match="is not here for linux/amd64") as caught:
        await prove(wanted)
    assert musl in caught.value.others
    assert glibc not in caught.value.others
    assert "Here for linux/amd64: localhost/rr-explorer-test/musl:" in caught.value.remedy
    assert "the setting image" in caught.value.remedy


async def test_where_no_image_would_do_the_error_says_so(
    request_for: Callable[..., ProofRequest],
) -> None:
    wanted = request_for(binary("c-musl"), image=MISSING, pull=False, libc="bionic")
    with pytest.raises(ImageMissingError, match="no image with bionic is here") as caught:
        await prove(wanted)
    assert not caught.value.others
